# SPDX-License-Identifier: AGPL-3.0-or-later
"""The real application in a real terminal: typed into, looked at, and left as it was found."""

from __future__ import annotations

from tests.gossipper_tui.screens.make_recordings import RECORDINGS
from tests.gossipper_tui.screens.tmux import gossipper, terminal
from tests.programs import free_port, require


def intact(shell) -> None:
    """The shell has its prompt, echo and line mode again, and no mouse or paste codes come from the terminal."""
    shell.type("stty -a | grep -o ' [-]*echo \\| [-]*icanon'; echo STATE")
    shell.keys("Enter")
    screen = shell.wait_for(r"\nSTATE")
    assert " echo" in screen
    assert " icanon" in screen
    assert "-echo" not in screen.replace("[-]*echo", "")
    assert "-icanon" not in screen.replace("[-]*icanon", "")


def test_choose_set_up_run_and_see_the_result_against_sipp(library, programs):
    port = free_port()
    server = programs.start(require("sipp"), "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-nostdin")
    server.wait_bound(port)
    with terminal(library) as shell:
        shell.type(gossipper("tui") + "; echo EXIT=$?")
        shell.keys("Enter")
        shell.wait_for(r"Library.*\n(.*\n)*.*INVITE")
        shell.keys("Enter")
        shell.wait_for(r"▸ Setup(.*\n)*.*✗ 1 problem")
        shell.keys("Down", "Enter")
        shell.wait_for(r"▸✗ Remote")
        shell.type(f"127.0.0.1:{port}")
        shell.wait_for(rf"gossipper sipp 127\.0\.0\.1:{port}\s")
        shell.keys("Escape")
        shell.wait_for("y Copy")
        shell.keys("/")
        shell.wait_for("search names")
        shell.type("-m End")
        shell.wait_for("Max calls")
        shell.keys("Enter")
        shell.wait_for("▸ +Max calls")
        shell.type("25")
        shell.wait_for(r"-m 25")
        shell.wait_for("✔ ready")
        shell.keys("F9")
        screen = shell.wait_for(r"■ passed")
        assert "25 calls" in screen
        assert "25 ok" in screen
        assert "exit code 0" in screen
        shell.keys("2")
        shell.wait_for(r"Successful calls +\d* +25")
        shell.keys("C-q")
        shell.wait_for("EXIT=0")
        intact(shell)


def test_the_editor_has_the_terminal_meanwhile(library):
    with terminal(library, EDITOR="sed -i s/locl_ip/local_ip/") as shell:
        shell.type(gossipper("tui") + "; echo EXIT=$?")
        shell.keys("Enter")
        shell.wait_for("prack_uas")
        shell.keys("/")
        shell.wait_for("filter")
        shell.keys(*"broken")
        shell.wait_for(r"broken\.xml +2")
        shell.keys("Enter")
        shell.wait_for("unknown keyword .*locl_ip")
        shell.keys("e")
        shell.wait_for(r"broken\.xml +1")
        shell.keys("C-q")
        shell.wait_for("EXIT=0")
        intact(shell)


def test_a_pasted_command_line_a_resize_and_a_run_that_is_stopped(library, programs):
    port = free_port()
    server = programs.start(require("sipp"), "-sn", "uas", "-i", "127.0.0.1", "-p", str(port), "-nostdin")
    server.wait_bound(port)
    with terminal(library) as shell:
        shell.type(gossipper("tui", "-r", "20") + "; echo EXIT=$?")
        shell.keys("Enter")
        shell.wait_for(r"▸ Setup(.*\n)*.*gossipper sipp -r 20")
        shell.paste(f"sipp -sn uac 127.0.0.1:{port} -i 127.0.0.1 -r 10 -d 60s\n")
        shell.wait_for("-d 60s|-d 1m")
        shell.wait_for("✔ ready")
        shell.keys("F9")
        shell.wait_for(r"● running 00:00:0[1-9]")
        shell.keys("*")
        shell.wait_for(r"target 20")
        shell.resize(40, 20)
        shell.wait_for(r"● running(.*\n)*.*INVITE")
        shell.resize(120, 40)
        shell.wait_for(r"▸ Live +uac")
        shell.paste("\x07garbage\x1b[2J\n")
        shell.keys("Q")
        shell.wait_for(r"■ stopped")
        shell.keys("C-q")
        shell.wait_for("EXIT=97")
        intact(shell)


def test_a_suspended_application_comes_back(library):
    with terminal(library) as shell:
        shell.type(gossipper("tui", "--replay", str(RECORDINGS / "client.jsonl")))
        shell.keys("Enter")
        shell.wait_for(r"● running 00:00:0[0-9]")
        shell.keys("C-z")
        shell.wait_for(r"(?i)stopped|suspended")
        shell.type("fg")
        shell.keys("Enter")
        shell.wait_for(r"● running 00:00:")
        shell.keys("C-q", "C-q")
        shell.wait_for(r"\$\s*$")
        intact(shell)


def test_sixteen_colours_and_none_are_enough(library):
    for environment in ({"TERM": "screen"}, {"NO_COLOR": "1"}):
        with terminal(library, 80, 24, **environment) as shell:
            shell.type(gossipper("tui"))
            shell.keys("Enter")
            shell.wait_for(r"Library(.*\n)*.*INVITE")
            shell.keys("C-q")
            shell.wait_for(r"\$\s*$")
            intact(shell)
