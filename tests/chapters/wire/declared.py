"""The servers that the wire suite runs against, and what each is declared not to do yet: tests/chapters/**.toml."""

import pathlib
import tomllib
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "chapters"


@dataclass
class Declared:
    chapter: str  # "01", or "final"
    name: str
    program: str  # in the build folder
    arguments: list
    not_yet: dict  # capability -> the reason

    @property
    def title(self):
        return self.name if self.chapter == self.name else f"{self.chapter} {self.name}"


def declared_servers():
    servers = []
    for file in [*sorted(FOLDER.glob("[0-9]*/wire.toml")), FOLDER / "final.toml"]:
        chapter = file.parent.name[:2] if file.name == "wire.toml" else file.stem
        for name, fields in tomllib.loads(file.read_text()).items():
            servers.append(Declared(chapter, name, fields["program"], fields["arguments"], fields.get("not_yet", {})))
    return servers
