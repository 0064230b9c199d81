"""The name stays unique, by an index that no foreign key could use: a change of it waits
for nobody who writes a row about the person. The new one is there before the old goes.
"""

from django.db import migrations, models
from django.db.models import Q

from users.models import USERNAME_VALIDATORS


class Migration(migrations.Migration):
    dependencies = [("users", "0002_reviewers")]
    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                fields=["username"],
                condition=~Q(username=""),
                name="one_person_per_name",
                violation_error_message="A user with that username already exists.",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                "user name",
                max_length=30,
                db_index=True,
                validators=USERNAME_VALIDATORS,
            ),
        ),
    ]
