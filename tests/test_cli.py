"""The promises of the command line: exit statuses, help, and what it prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from litreview import cli, db, migrations
from litreview.cli import COMMANDS, output
from litreview.cli.reference import root_context, summary, usage, walk
from litreview.errors import IncompleteError
from litreview.vocabulary import Role

ROOT = Path(__file__).resolve().parent.parent
TREE = list(walk())
LEAVES = [pair for pair in TREE if not isinstance(pair[1], click.Group)]
NAMES = [words for words, _command in TREE]
# CPU seconds, user and system together. It takes about 0.15 on a laptop.
HELP_SECONDS = 0.3
SLOW_IMPORTS = ("sqlalchemy", "alembic", "pandas", "numpy", "rich", "yaml", "requests")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """Return a fresh workspace led by lee."""
    root = tmp_path / "coaching"
    assert cli.run(["--as", "lee", "init", str(root), "--title", "Coaching"]) == 0
    return root


def call(space: Path, *words: str, by: str = "lee") -> int:
    """Run a command in a workspace and return its exit status."""
    return cli.run(["-w", str(space), "--as", by, *words])


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    """Start the real program."""
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return subprocess.Popen(
        [sys.executable, "-m", "litreview", *words],
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*words: str, **environment: str) -> tuple[int, str, str]:
    """Run the real program; return its exit status, stdout and stderr."""
    process = start(*words, **environment)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


# -- help ------------------------------------------------------------------------


def test_every_promised_command_is_there() -> None:
    """Each name of the registry is a command of its module."""
    assert [name for name in NAMES if " " not in name] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summaries_are_the_commands_own(name: str) -> None:
    """`litreview --help` says what the command's own help begins with."""
    assert summary(dict(TREE)[name]) == COMMANDS[name][1]


@pytest.mark.parametrize(("words", "command"), TREE, ids=NAMES)
def test_every_command_has_help_with_an_example(
    words: str, command: click.Command
) -> None:
    """A summary of one sentence and an example that calls this very command."""
    sentence = summary(command)
    assert sentence.endswith(".")
    assert len(sentence) <= 90
    shown = examples(command)
    assert shown, f"{words} has no Example:"
    assert any(words in line for line in shown)


def examples(command: click.Command) -> list[str]:
    """Return the calls of litreview in a command's example."""
    text = (command.help or "").replace("\b", "")
    _before, _mark, after = text.partition("Example:\n")
    lines = after.split("\n\n")[0].replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if "litreview" in line]


@pytest.mark.parametrize(("words", "command"), TREE, ids=NAMES)
def test_every_example_can_be_typed(words: str, command: click.Command) -> None:
    """Its command exists, its options are known and its arguments fit."""
    assert words
    for line in examples(command):
        for part in re.split(r"&&|\||;", re.sub(r"\s#.*", "", line)):
            typed = shlex.split(part)
            if typed[:1] == ["litreview"]:
                ends = [at for at, word in enumerate(typed) if word in {"<", ">"}]
                parse(typed[1 : min([*ends, len(typed)])])


def parse(typed: list[str]) -> None:
    """Parse words as click would, down to the last command, without running it."""
    context = root_context()
    command: click.Command = cli.root
    rest = list(typed)
    while isinstance(command, click.Group):
        group, context = command, command.make_context(None, rest, parent=context)
        # click 8 keeps the next command's name apart, click 9 will not.
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not rest:
            return
        found = group.get_command(context, rest.pop(0))
        assert found is not None, " ".join(typed)
        command = found
    try:
        command.make_context(None, rest, parent=context).close()
    except click.BadParameter as error:
        # A file of an example need not be there.
        if not isinstance(getattr(error.param, "type", None), click.Path):
            raise


@pytest.mark.parametrize(("words", "command"), TREE, ids=NAMES)
def test_every_option_says_what_it_does(words: str, command: click.Command) -> None:
    """No option without a sentence, no argument that the usage hides."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{words} {parameter.opts[0]}"
    assert usage(words, command).startswith(words)


@pytest.mark.parametrize("words", ["--help", "-h", "screen --help", "db backup -h"])
def test_help_is_printed_with_status_0(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stdout, anywhere, without a workspace."""
    assert cli.run(words.split()) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Usage: litreview")
    assert shown.err == ""


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """One number, in one place."""
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == "litreview, version 0.1.0\n"


def test_help_is_quick() -> None:
    """Under 0.3 s of CPU, the best of five, interpreter and all."""
    best = min(_cpu_of_help() for _ in range(5))
    assert best < HELP_SECONDS


def _cpu_of_help() -> float:
    before = os.times()
    assert run("--help")[0] == 0
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def test_help_imports_nothing_heavy() -> None:
    """Neither the database nor tables, colours, YAML or the network."""
    code = (
        "import sys; from litreview import cli; cli.run(['--help']); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert loaded.isdisjoint(SLOW_IMPORTS)


# -- exit statuses -----------------------------------------------------------------


def test_0_when_all_is_well(space: Path) -> None:
    """A command that did what it was asked."""
    assert call(space, "status") == 0
    assert call(space, "check") == 0


def test_1_for_an_expected_failure_told_in_three_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, why and the fix, on stderr; nothing on stdout."""
    assert cli.run(["-w", str(tmp_path), "status"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(
        r"litreview: .* is not a review's workspace\n  why: .*\n  fix: .*\n", shown.err
    )


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["status", "--frobnicate"],
        ["--frobnicate"],
        ["db", "backup"],
        ["db"],
        [],
    ],
)
def test_2_for_a_call_that_means_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The usage is on stderr."""
    assert cli.run(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Usage: litreview" in shown.err


def test_3_for_work_to_be_resumed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever command says so."""

    def stop(**_options: object) -> None:
        raise IncompleteError("the harvest stopped", fix="run it again")

    monkeypatch.setattr(dict(TREE)["status"], "callback", stop)
    assert cli.run(["status"]) == 3
    assert "run it again" in capsys.readouterr().err


def test_4_for_somebody_who_may_not(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader may not sync."""
    add_person(space, "rea", Role.READER)
    assert call(space, "sync", by="rea") == 4
    assert "rea is a reader; this takes a lead" in capsys.readouterr().err


def add_person(space: Path, handle: str, role: Role) -> None:
    """Write somebody into review.yaml and sync."""
    file = space / "screening" / "review.yaml"
    text = file.read_text("utf-8")
    line = f"  - {{handle: {handle}, role: {role}}}\n"
    assert "people: []\n" in text
    file.write_text(text.replace("people: []\n", f"people:\n{line}"), "utf-8")
    assert call(space, "sync") == 0


def test_5_for_a_broken_promise(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`check` names the check, on stdout which and on stderr what to do."""
    with sqlite3.connect(space / "db" / "review.sqlite") as raw:
        raw.execute("DROP TRIGGER append_only_decision_update")
    raw.close()
    for words in (["check"], ["db", "check"]):
        assert call(space, *words) == 5
        shown = capsys.readouterr()
        assert "FAIL history is complete and protected" in shown.out
        assert "append_only_decision_update is missing" in shown.out
        assert "db backup" in shown.err
    assert call(space, "check", "--json") == 5
    found = json.loads(capsys.readouterr().out)
    assert [name for name, problems in found.items() if problems] == [
        "history is complete and protected"
    ]


SLEEP = """
import sys, time
from litreview import cli
from litreview.cli import setup

def sleep(**options):
    print("ready", flush=True)
    while True:
        time.sleep(0.05)

setup.status.callback = sleep
sys.argv = ["litreview", "status"]
cli.main()
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_130_and_143_for_a_command_that_is_stopped(number: int, status: int) -> None:
    """Interrupted or terminated, without a traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEP],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in err


def test_a_status_that_a_command_asks_for_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`ctx.exit(n)` reaches the shell."""
    monkeypatch.setattr(
        dict(TREE)["status"],
        "callback",
        lambda **_: click.get_current_context().exit(3),
    )
    assert cli.run(["status"]) == 3


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """What we did not expect is a traceback, to be reported."""

    def fail(**_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(dict(TREE)["status"], "callback", fail)
    with pytest.raises(ZeroDivisionError):
        cli.run(["status"])


# -- one clear message each ---------------------------------------------------------


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one message on stderr."""
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("litreview: ") == 1
    assert "Traceback" not in shown.err
    return shown.err


def test_a_missing_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Says where it looked."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["status"]) == 1
    assert "is not inside a review's workspace" in told(capsys)


def test_a_missing_database(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No empty file is made in its place."""
    (space / "db" / "review.sqlite").unlink()
    capsys.readouterr()
    assert call(space, "status") == 1
    assert "there is no database" in told(capsys)
    assert not (space / "db" / "review.sqlite").exists()


def test_an_unknown_person(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest handle."""
    capsys.readouterr()
    assert call(space, "whoami", by="le") == 1
    assert "Did you mean 'lee'?" in told(capsys)


def test_a_system_that_does_not_know_who_is_asking(
    space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a container without users the fix is --as."""

    def unknown() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", unknown)
    capsys.readouterr()
    assert cli.run(["-w", str(space), "whoami"]) == 2
    assert "--as HANDLE" in told(capsys)


def test_a_broken_yaml(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, and what was probably meant."""
    file = space / "screening" / "criteria.yaml"
    file.write_text(file.read_text("utf-8").replace("title:", "titel:", 1), "utf-8")
    capsys.readouterr()
    assert call(space, "sync") == 1
    message = told(capsys)
    assert "screening/criteria.yaml:1: unknown field 'titel'" in message
    assert "Did you mean 'title'?" in message


def test_a_locked_database(
    space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message after the wait, and reading still works."""
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.2)
    other = sqlite3.connect(space / "db" / "review.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    capsys.readouterr()
    assert call(space, "sync") == 1
    message = told(capsys)
    assert "the database stayed locked for 0.2 seconds" in message
    assert "fix: wait until it has finished" in message
    assert call(space, "status") == 0
    other.execute("ROLLBACK")
    other.close()


def test_an_older_and_a_newer_database(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty one gets the command that helps; a newer one is refused."""
    with sqlite3.connect(space / "db" / "review.sqlite") as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'f00d'")
    raw.close()
    capsys.readouterr()
    for words in (["status"], ["db", "upgrade"]):
        assert call(space, *words) == 1
        assert "made by a newer litreview (schema f00d)" in told(capsys)


def test_the_cause_is_shown_when_asked_for(
    space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """-v adds the traceback of what lay behind an expected failure."""
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.1)
    other = sqlite3.connect(space / "db" / "review.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert cli.run(["-v", "-w", str(space), "--as", "lee", "sync"]) == 1
    assert "sqlite3.OperationalError: database is locked" in capsys.readouterr().err
    other.execute("ROLLBACK")
    other.close()


# -- where things go -------------------------------------------------------------


def test_json_is_one_value_on_stdout_and_nothing_else(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every command that offers it and needs no argument."""
    capsys.readouterr()
    asked = [words for words, command in LEAVES if takes_nothing_but_json(command)]
    assert {"status", "sync", "whoami", "db stats", "check"} <= set(asked)
    for words in asked:
        status = call(space, *words.split(), "--json")
        shown = capsys.readouterr()
        if status == 0:
            json.loads(shown.out)
        else:
            assert shown.err.startswith("litreview: "), words


def takes_nothing_but_json(command: click.Command) -> bool:
    """Tell whether --json is there and nothing else is required."""
    names = {option for parameter in command.params for option in parameter.opts}
    return "--json" in names and not any(p.required for p in command.params)


def test_status_has_its_keys(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other programs rely on them."""
    capsys.readouterr()
    assert call(space, "status", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        "title",
        "people",
        "records",
        "reports",
        "waits",
        "incomplete_runs",
        "pairs_to_decide",
        "removed",
        "stages",
        "fulltext",
        "included",
        "studies",
        "codes",
        "items",
        "notices",
        "next_steps",
        "overdue",
    }
    assert found["title"] == "Coaching"
    assert found["people"] == {"lee": "lead"}
    assert set(found["stages"]) == {"title_abstract", "full_text"}


EVIL = "\x1b[31mred\x1b]0;title\x07 \u202egnirts \x9b2J"


def test_escape_sequences_in_data_never_reach_the_terminal(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in a table, nor in a line, nor in an error message."""
    output.show_rows([{"title": EVIL}], ["title"], as_json=False)
    output.show(EVIL)
    output.say(EVIL)
    assert call(space, "whoami", by=EVIL) == 1
    assert cli.run(["-w", EVIL, "status"]) == 1
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "red" in text
        assert not set(text) & {"\x1b", "\x07", "\u202e", "\x9b"}


def test_a_title_from_outside_is_shown_without_its_escapes(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands in review.yaml; JSON keeps it, escaped by JSON itself."""
    file = space / "screening" / "review.yaml"
    wanted = file.read_text("utf-8").replace('"Coaching"', '"\\e[31mCoaching"')
    file.write_text(wanted, "utf-8")
    assert call(space, "sync") == 0
    capsys.readouterr()
    assert call(space, "status") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert call(space, "status", "--json") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert json.loads(out)["title"] == "\x1b[31mCoaching"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(
    space: Path, environment: dict[str, str]
) -> None:
    """Also where colour was forced on for a pipe."""
    words = ["-w", str(space), "--as", "lee", "db", "stats"]
    status, out, err = run(*words, FORCE_COLOR="1", **environment)
    assert status == 0
    assert "person" in out
    assert "\x1b[3" not in out + err


def test_a_reader_that_has_gone_is_no_failure(space: Path) -> None:
    """`litreview db stats | head -1` ends quietly."""
    words = ["-w", str(space), "--as", "lee", "db", "stats", "--json"]
    process = start(*words)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


def test_a_database_elsewhere_needs_no_workspace(
    tmp_path: Path, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--database and LITREVIEW_DATABASE name it from anywhere."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    assert cli.run(["--database", url, "db", "upgrade"]) == 0
    monkeypatch.setenv("LITREVIEW_DATABASE", url)
    assert cli.run(["db", "stats"]) == 0
    assert cli.run(["-w", str(space), "--as", "lee", "sync"]) == 0
    assert cli.run(["--as", "lee", "whoami"]) == 0


# -- init, sync and db, as they are typed ------------------------------------------


def test_init_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither folders nor a database, whatever went wrong."""
    root = tmp_path / "coaching"
    assert cli.run(["--as", "no handle", "init", str(root)]) == 2
    assert list(tmp_path.iterdir()) == []
    address = f"sqlite:///{tmp_path / 'absent' / 'x.sqlite'}"
    assert cli.run(["--database", address, "--as", "lee", "init", str(root)]) == 1
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(
        db, "create", lambda _engine: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    assert cli.run(["--as", "lee", "init", str(root)]) == 130
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in capsys.readouterr().err


def test_the_same_commands_work_on_both_databases(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From `init` to `check`, with the address given each time."""
    root = tmp_path / "coaching"
    words = ["--database", database_url, "--as", "lee"]
    assert cli.run([*words, "init", str(root), "--example"]) == 0
    for command in (["status"], ["sync"], ["whoami"], ["db", "stats"], ["check"]):
        assert cli.run([*words, "-w", str(root), *command]) == 0
    assert cli.run([*words, "-w", str(root), "whoami", "--json"]) == 0
    assert '"role": "lead"' in capsys.readouterr().out
    assert not (root / "db" / "review.sqlite").exists()


def test_init_in_a_fresh_clone_makes_the_database_alone(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are somebody else's work; a mistake in them is told and kept."""
    (space / "db" / "review.sqlite").unlink()
    criteria = space / "screening" / "criteria.yaml"
    good = criteria.read_text("utf-8")
    criteria.write_text("title: [\n", "utf-8")
    before = set(space.rglob("*"))
    assert cli.run(["--as", "max", "init", str(space)]) == 1
    assert "criteria.yaml:" in capsys.readouterr().err
    assert set(space.rglob("*")) == before
    criteria.write_text(good, "utf-8")
    assert cli.run(["--as", "max", "init", str(space)]) == 0
    assert "max is the lead" in capsys.readouterr().out
    assert criteria.read_text("utf-8") == good
    assert cli.run(["--as", "max", "init", str(space)]) == 1
    assert "is a workspace already" in capsys.readouterr().err


def test_init_uses_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name it is here, titled like the folder."""
    here = tmp_path / "trust"
    here.mkdir()
    monkeypatch.chdir(here)
    assert cli.run(["--as", "lee", "init"]) == 0
    assert 'title: "trust"' in (here / "screening/review.yaml").read_text("utf-8")


def test_a_dry_run_changes_nothing(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what would change; the real run then says the same."""
    file = space / "screening" / "review.yaml"
    line = "people:\n  - {handle: ann, role: screener}\n"
    file.write_text(file.read_text("utf-8").replace("people: []\n", line), "utf-8")
    capsys.readouterr()
    for _ in range(2):
        assert call(space, "sync", "--dry-run") == 0
        would = capsys.readouterr().out.splitlines()
        assert would[0] == "would: ann joins as screener"
    assert call(space, "sync") == 0
    done = capsys.readouterr().out.splitlines()
    assert [f"would: {line}" for line in done] == would
    assert call(space, "sync", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"dry_run": False, "changes": []}


def test_a_backup_is_a_whole_review(
    space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy opens as a database of its own; the second time is refused."""
    copy = tmp_path / "copy.sqlite"
    assert call(space, "db", "backup", str(copy)) == 0
    url = f"sqlite:///{copy}"
    capsys.readouterr()
    assert cli.run(["--database", url, "--as", "lee", "whoami", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["role"] == "lead"
    assert call(space, "db", "backup", str(copy)) == 1


def test_the_path_is_a_path(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be given to another program; a password is not shown."""
    capsys.readouterr()
    assert call(space, "db", "path") == 0
    assert Path(capsys.readouterr().out.strip()) == space / "db" / "review.sqlite"
    pytest.importorskip("psycopg")
    url = "postgresql://user:hush@127.0.0.1/review"
    assert cli.run(["--database", url, "db", "path"]) == 0
    assert "hush" not in capsys.readouterr().out


def test_an_upgrade_says_what_it_did(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From nothing, and then nothing more to do."""
    (space / "db" / "review.sqlite").unlink()
    capsys.readouterr()
    assert call(space, "db", "upgrade") == 0
    newest = migrations.newest()
    assert capsys.readouterr().out == f"upgraded from nothing to {newest}\n"
    assert call(space, "db", "upgrade") == 0
    assert "already" in capsys.readouterr().err


def test_an_argument_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 end in one message, not in a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "litreview", b"--as", b"\xe9", b"whoami"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert b"not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_the_output_is_told(tmp_path: Path) -> None:
    """Output that cannot be written is status 1 and one message."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "litreview", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 1
    assert b"no space left" in done.stderr
    assert b"Traceback" not in done.stderr
