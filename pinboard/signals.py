"""Facts that apps above may hear. Sent by an action, inside its transaction, after the
write. Each carries one keyword: the row it is about, or the rows."""

from django.dispatch import Signal

pin_published = Signal()  # pin: ready, seen by others for the first time
pins_saved = Signal()  # pins: many at once, copies of pins that were seen before
pin_product_changed = Signal()  # pin: it or its picture shows other products
product_posted = Signal()  # product: its shop described it, perhaps at another address
product_price_changed = Signal()  # product
shop_claimed = Signal()  # shop: has an owner now
