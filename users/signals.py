"""Facts that the apps above may hear. Sent by an action, inside its transaction."""

from django.dispatch import Signal

# user: leaves for good. Its name still stands in the row, to be gone a moment later.
account_closed = Signal()
