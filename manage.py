#!/usr/bin/env python
"""Django's command line for Pinboard."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs.exceptions import EnvError

from config.children import StackError
from config.commandline import servers_for

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        with servers_for("".join(sys.argv[1:2])):
            execute_from_command_line(sys.argv)
    except (EnvError, ImproperlyConfigured) as error:
        sys.exit(f"Wrong setting: {error}")
    except StackError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
