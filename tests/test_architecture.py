"""What holds for the code as a whole."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from config.environment import BASE_DIR
from tests import settings as tests_settings

APPS = ("config", "commerce", "pinboard", "users")
# Modules of the tests that hold no tests, whatever folder they stand in.
SUPPORT = {"conftest.py", "__init__.py"}


def tracked(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return [BASE_DIR / name for name in listed.stdout.splitlines()]


def defines_tests(path):
    tree = ast.parse(path.read_text())
    return any(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for node in ast.walk(tree)
    )


def test_every_file_with_tests_is_one_that_pytest_collects():
    files = [path for path in tracked("tests/*.py") if path.exists()]
    assert len(files) > 20
    lost = [
        path
        for path in files
        if defines_tests(path) and not path.name.startswith("test_")
    ]
    assert lost == []


def test_every_test_file_has_tests():
    files = [path for path in tracked("tests/*.py") if path.name.startswith("test_")]
    assert [path for path in files if path.exists() and not defines_tests(path)] == []


def test_no_layer_imports_the_one_above():
    """The contract is in pyproject.toml; here it fails with the tests, too."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("app", ["pinboard", "users"])
def test_lower_python_does_not_know_the_word_commerce(app):
    known = [
        f"{path.relative_to(BASE_DIR)}:{number}"
        for path in tracked(f"{app}/*.py")
        if path.exists()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\bcommerce\b", line)
    ]
    assert known == []


def test_there_is_no_room_for_what_has_no_name():
    vague = re.compile(r"(^|_)(utils?|helpers?|services|selectors|misc|common)\.py$")
    files = [path for app in APPS for path in tracked(f"{app}/*.py")]
    assert [path for path in files if vague.search(path.name)] == []


def url_names(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace
            names = ":".join(name for name in (namespace, inner) if name)
            yield from url_names(pattern, names)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}:{pattern.name}" if namespace else pattern.name


def names_in_templates():
    """`{% url "name" ... %}` of all our templates, with where they stand."""
    quoted = re.compile(r"""{%-?\s*url\s+['"]([\w:-]+)['"]""")
    for path in tracked("templates/*.html"):
        if path.exists():
            for name in quoted.findall(path.read_text()):
                yield name, path


def test_every_url_name_in_a_template_resolves():
    known = set(url_names(get_resolver()))
    broken = {
        f"{name} in {path.relative_to(BASE_DIR)}"
        for name, path in names_in_templates()
        if name not in known and not is_reversible(name)
    }
    assert broken == set()


def is_reversible(name):
    """Names of namespaces that Django makes at run time, as the admin does."""
    try:
        reverse(name)
    except NoReverseMatch as error:
        return "tried" in str(error)  # known, but it wants arguments
    return True


def test_every_page_name_says_its_noun():
    ours = {
        name
        for name in url_names(get_resolver())
        if name.split(":")[0] in ("pinboard", "commerce", "users")
    }
    assert ours
    assert [
        name for name in ours if not re.fullmatch(r"\w+:[a-z]+(-[a-z]+)*", name)
    ] == []


def test_every_app_of_ours_is_installed():
    assert set(APPS) <= {config.label for config in apps.get_app_configs()}


@pytest.mark.parametrize(
    "command",
    [
        *("up", "seed_demo", "ledger_verify", "ledger_report", "import_orders"),
        *("create_api_token", "read_page", "parse_price"),
    ],
)
def test_every_command_of_the_contract_exists(command):
    assert get_commands()[command] in APPS


def test_tests_run_with_the_tests_settings():
    """Importing config sets a default; a test run must have been first."""
    from django.conf import settings

    assert tests_settings.__name__ == settings.SETTINGS_MODULE


def test_no_file_names_this_machine():
    here = re.compile(r"/(work|root|home/\w+)/(?!\.\.)")
    named = [
        path.relative_to(BASE_DIR)
        for path in tracked("*.py", "*.md", "Makefile", ".ci/*", "*.toml", "*.txt")
        if path.exists() and path != Path(__file__) and here.search(path.read_text())
    ]
    assert named == []
