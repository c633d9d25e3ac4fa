"""Write the table of docs/clients.md.

python -m scripts.client_runs.document docs/clients.md RESULTS ...
"""

import sys
from pathlib import Path

from .outcome import read_outcomes, table

START, END = "<!-- scripts/clients.sh --document -->", "<!-- end -->"


def main() -> None:
    document, *results = map(Path, sys.argv[1:])
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    found = table(dict(read_outcomes(file) for file in results))
    document.write_text(f"{before}{START}\n\n{found}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
