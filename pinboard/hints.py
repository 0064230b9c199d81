"""Messages to the workers, by the name of the task that is to run.

Tasks call the actions. An action that has work done names the task, so that it need not
import who calls it.
"""

from celery import current_app


def hint(task: str, *args: int) -> None:
    """Send it once the transaction is committed; at once where there is none."""
    current_app.tasks[f"pinboard.tasks.{task}"].delay_on_commit(*args)
