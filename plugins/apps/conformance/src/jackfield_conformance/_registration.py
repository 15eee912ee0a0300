"""Level 0: the plugin is found and registered, its import does nothing, and its catalog can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from jackfield.errors import ConfigurationError

from ._report import Findings
from ._subject import ProviderSubject, Subject

#: Modules that are heavy, or do I/O: they are imported where they are used, and not with the package.
_HEAVY = (
    "aiohttp", "anthropic", "boto3", "botocore", "google.auth", "httptools", "httpx", "httpx2", "numpy", "openai",
    "pandas", "requests", "torch", "transformers", "urllib3",
)  # fmt: skip
_PROBE = """
import json, os, sys
import jackfield.boards, jackfield.exchange
touched = []
root = sys.argv[1]
def audit(event, values):
    writes = event == "open" and isinstance(values[1], str) and set(values[1]) & set("wax+")
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.system") or writes:
        touched.append(f"{event} {values[0]!r:.60}")
def reading(original):
    def get(self, *values):
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__") in ("os", "collections.abc", "_collections_abc"):
            frame = frame.f_back
        name = str(frame.f_globals.get("__name__"))
        if name.partition(".")[0] == root:
            touched.append(f"os.environ {values!r:.60}")
        return original(self, *values)
    return get
for name in ("__getitem__", "__iter__"):
    setattr(os._Environ, name, reading(getattr(os._Environ, name)))
before = set(sys.modules)
sys.addaudithook(audit)
for name in sys.argv[1:]:
    __import__(name)
print(json.dumps({"touched": touched, "modules": sorted(set(sys.modules) - before)}))
"""


class ImportChecks(Subject):
    """What importing the plugin may not do."""

    def test_import_does_nothing(self) -> None:
        """Importing opens no socket or process, writes no file, reads no environment, brings in nothing heavy."""
        findings = Findings("test_import_does_nothing")
        for root in sorted(self.roots()):
            found = subprocess.run(  # noqa: S603  our own interpreter and our own words
                [sys.executable, "-c", _PROBE, root], capture_output=True, text=True, timeout=60, check=False
            )
            if found.returncode:
                findings.add("import", root, found.stderr.strip().rpartition("\n")[2])
                continue
            told: dict[str, Any] = json.loads(found.stdout.strip().rpartition("\n")[2])
            for what in told["touched"]:
                findings.add("import", root, f"touched {what}")
            for name in _HEAVY:
                findings.unless(name not in told["modules"], "import", root, f"brings in {name}; import it on use")
        findings.check()


class Registration(ImportChecks, ProviderSubject):
    """What must hold before anything is asked."""

    def test_registers(self) -> None:
        """The name leads to a catalog, and a board opens for every dialect that the catalog names."""
        findings = Findings("test_registers")
        try:
            info = self.boards().info(self.name)
            for dialect in dict.fromkeys((info.dialect, self.spoken(), *info.table.get("dialects", {}))):
                self.boards().open(self.name, dialect)
        except ConfigurationError as error:
            findings.add("registration", self.name, str(error))
        findings.check()

    def test_catalog_can_be_read(self) -> None:
        """Every model can be read, its numbers make sense, and the default model is one of them."""
        findings = Findings("test_catalog_can_be_read")
        info = self.info()
        names = info.model_names()
        where = "catalog"
        findings.unless(info.title, where, "provider", "has no title")
        findings.unless(info.operations, where, "provider", "names no operation")
        findings.unless(
            info.verified in ("recordings", "documentation"),
            where,
            "provider",
            f"verified is {info.verified!r}; it is 'recordings' or 'documentation'",
        )
        if (default := info.default_model) is not None:
            rung = info.model(default).rung
            findings.unless(rung != "unknown", where, "provider", f"its default model {default!r} is not in it")
        for name in names:
            try:
                model = info.model(name)
            except ConfigurationError as error:
                findings.add(where, name, str(error))
                continue
            for number in (model.context, model.max_output):
                findings.unless(number is None or number > 0, where, name, f"{number} tokens are no size")
            for alias in model.aliases:
                findings.unless(alias == name or alias not in names, where, name, f"its alias {alias!r} is a model too")
        findings.check()
