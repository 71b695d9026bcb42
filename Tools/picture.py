"""Draws the README's picture of a terminal from what the commands really print: an SVG, text that can be selected.

    python3 Tools/picture.py .build/release/epanns Docs/Pictures/terminal.svg

The commands are those of COMMANDS, run in the repository's root with an empty home, so that no cached model and no
setting changes what is seen. Standard output and standard error are drawn in the order in which they came. Exits with
status 1 when a command ends otherwise than its number says. Standard library only.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = [
    ("epanns tag --window 5 -k 3 Examples/alarm-then-siren.flac", 0),
    ("epanns tag --allow Sirene Examples/smoke-alarm.flac", 64),
]
COLUMNS = 80
SIZE, LINE, MARGIN, BAR = 14, 20, 18, 34
ADVANCE = 8.43  # of a character at 14 px in the usual monospaced fonts; textLength makes the others fit
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


def output_of(program: Path, command: str, expected: int, home: str) -> list[str]:
    environment = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "COLUMNS": str(COLUMNS)}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    run = subprocess.run(
        [program, *shlex.split(command)[1:]], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120, check=False,
    )
    if run.returncode != expected:
        sys.exit(f"{command}: status {run.returncode}\n{run.stdout.decode()}")
    return run.stdout.decode().rstrip("\n").split("\n")


def folded(line: str) -> list[str]:
    """A line as a terminal of COLUMNS shows it, broken at a space where there is one."""
    lines = []
    while len(line) > COLUMNS:
        at = line.rfind(" ", 0, COLUMNS + 1)
        at = at if at > 0 else COLUMNS
        lines.append(line[:at])
        line = line[at:].lstrip()
    return [*lines, line]


def picture(blocks: list[tuple[str, list[str]]]) -> str:
    rows: list[tuple[str, str]] = []
    for number, (command, lines) in enumerate(blocks):
        if number:
            rows.append(("", ""))
        rows.append(("command", f"$ {command}"))
        rows += [("", piece) for line in lines for piece in folded(line)]
    width = round(2 * MARGIN + COLUMNS * ADVANCE)
    height = BAR + len(rows) * LINE + MARGIN
    text = []
    for number, (kind, row) in enumerate(rows):
        if not row:
            continue
        y = BAR + (number + 1) * LINE - 4
        mark = f' class="{kind}"' if kind else ""
        text.append(
            f'<text x="{MARGIN}" y="{y}" xml:space="preserve" textLength="{len(row) * ADVANCE:.1f}"{mark}>'
            f"{escape(row)}</text>"
        )
    dots = "".join(
        f'<circle cx="{MARGIN + 4 + 18 * i}" cy="18" r="5.5" fill="{colour}"/>'
        for i, colour in enumerate(("#e5685f", "#e2b340", "#57b368"))
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>A terminal: {escape("; ".join(command for command, _ in blocks))}</title>
<!-- Drawn by Tools/picture.py from what the program printed. -->
<style>text {{ font: {SIZE}px {FONT}; fill: #d6dae2; }} .command {{ fill: #8fd3a6; font-weight: 600; }}</style>
<rect width="{width}" height="{height}" rx="9" fill="#1d2129"/>
{dots}
{chr(10).join(text)}
</svg>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the epanns to run")
    parser.add_argument("picture", type=Path, help="the SVG to write")
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    with tempfile.TemporaryDirectory() as home:
        blocks = [(command, output_of(program, command, expected, home)) for command, expected in COMMANDS]
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    arguments.picture.write_text(picture(blocks))


if __name__ == "__main__":
    main()
