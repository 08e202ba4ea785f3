"""The documents tell the truth: every verb, setting and file they name exists, and every one that exists is named."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from recall.cli import verbs
from recall.config import Config, parse_config

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, click.Command]:
    context = click.Context(verbs)
    found = {}
    for name in verbs.list_commands(context):
        command = verbs.get_command(context, name)
        assert command is not None
        found[name] = command
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_verb_has_help_and_stands_in_the_readme(name: str) -> None:
    command = commands()[name]
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option) and name != "demo":
            assert parameter.help or parameter.name in {"folder"}, f"{name} {parameter.name}"
    assert re.search(rf"`(recall )?{name}\b", README), f"{name} is not in README"


def test_the_readme_names_no_verb_that_does_not_exist() -> None:
    named = set(re.findall(r"^recall ([a-z]+)", README, re.M)) | set(re.findall(r"`recall ([a-z]+)", README))
    assert named <= set(commands())


def test_the_example_config_holds_every_setting_with_its_default() -> None:
    text = (PROJECT / "config.example.toml").read_text(encoding="utf-8")
    assert parse_config(text, "config.example.toml") == Config()
    example, defaults = tomllib.loads(text), Config().model_dump()
    assert {name: set(section) for name, section in example.items()} == {
        name: set(section) for name, section in defaults.items()
    }


def test_every_setting_is_explained() -> None:
    lines = (PROJECT / "config.example.toml").read_text(encoding="utf-8").splitlines()
    settings = [(number, line) for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    silent = [line for number, line in settings if "#" not in line and "#" not in lines[number - 1]]
    assert [line.split(" = ")[0] for line in silent] == [
        name for name in SELF_EXPLAINING if any(line.startswith(f"{name} = ") for line in silent)
    ]


SELF_EXPLAINING = ("s3_region", "epochs", "learning_rate", "buckets")


def test_the_ten_settings_of_a_first_config_are_marked_and_read() -> None:
    lines = (PROJECT / "config.example.toml").read_text(encoding="utf-8").splitlines()
    head = lines[: lines.index("")]
    first = tomllib.loads("\n".join(line.removeprefix("#   ") for line in head if line.startswith("#   ")))
    parse_config(
        "\n".join(line.removeprefix("#   ") for line in head if line.startswith("#   ")), "config.example.toml"
    )
    marked, section = set(), ""
    for line in lines[len(head) :]:
        section = line[1:].partition("]")[0] if line.startswith("[") else section
        if "# (*) " in line:
            marked.add((section, line.partition(" = ")[0]))
    assert {(name, key) for name, table in first.items() for key in table} == marked
    assert len(marked) == 10


def anchors(page: Path) -> set[str]:
    """Where links into a page may lead: its headings, as GitHub names them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[str, str]]:
    """Every page of the documents with each link in it that leads to a file of the project or a heading."""
    pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    found = {
        (page, link) for page in pages for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    }
    return sorted((str(page.relative_to(PROJECT)), link) for page, link in found if "://" not in link)


@pytest.mark.parametrize(("page", "link"), links())
def test_links_lead_to_a_file_and_a_heading(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (PROJECT / page).parent / path if path else PROJECT / page
    assert target.exists()
    assert not anchor or anchor in anchors(target)


def test_every_room_stands_in_the_table_of_modules() -> None:
    folders = [*(PROJECT / "recall").iterdir(), PROJECT / "annotation", PROJECT / "service"]
    rooms = {str(folder.relative_to(PROJECT)) for folder in folders if (folder / "__init__.py").is_file()}
    assert rooms <= set(re.findall(r"`([a-z/]+)`", README))


SECURITY = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", SECURITY))))
def test_every_test_that_holds_a_threat_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert (f"def {name}(" if name else "def ") in (PROJECT / path).read_text(encoding="utf-8")


def test_every_line_of_the_threat_table_names_a_test() -> None:
    table = SECURITY.split("| threat |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(table) > 15
    assert all("`tests/" in row for row in table)
