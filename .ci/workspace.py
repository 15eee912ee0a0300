"""Makes .venv and runs what the Makefile offers.

Standard library only, and readable by Python 3.8: it runs before anything is installed, on the system's Python.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NoReturn, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STATE = VENV / "installed.json"
WHEELHOUSE = VENV / "wheelhouse"
CONSTRAINTS = ROOT / "constraints.txt"
TEST_TOOLS = ROOT / "tests" / "requirements.txt"
DOCS_TOOLS = ROOT / "docs" / "requirements.txt"
FLOOR = (3, 11)
NAMES = ("python3.13", "python3.12", "python3.11", "python3")
PROBE = """import sys
try:
    import ensurepip, venv
except ImportError:
    venv = None
print(*sys.version_info[:3], int(venv is not None), getattr(sys, "_base_executable", sys.executable))"""
FAST = "not slow and not live"


def main() -> None:
    """Run the target that the first argument names."""
    targets: Dict[str, Callable[[], None]] = {
        "install": install,
        "serve": serve,
        "test": test,
        "test-slow": test_slow,
        "coverage": coverage,
        "record": record,
        "bench": bench,
        "faults": faults,
        "wheels": wheels,
        "dist": dist,
        "docs": docs,
        "clean": clean,
    }
    os.chdir(ROOT)
    targets[sys.argv[1]]()


# -- targets ----------------------------------------------------------------------------------------------------------


def install(tests: bool = False) -> None:
    """Create .venv and install every distribution, unless nothing has changed since it was done."""
    if up_to_date(tests):
        return
    with locked():
        if up_to_date(tests):
            return
        started = time.monotonic()
        python, version = find_python()
        state = read_state()
        another = os.environ.get("PYTHON") and state.get("python") != version
        if VENV.exists() and (another or not is_whole(state)):
            say("replacing .venv")
            shutil.rmtree(str(VENV))
        if not VENV.exists():
            say("creating .venv with Python " + version)
            run(python, "-m", "venv", str(VENV))
        with contextlib.suppress(FileNotFoundError):
            STATE.unlink()
        say("installing the build tools")
        pip("install", "hatchling", "editables")
        folders = distributions()
        tests = tests or bool(state.get("tests"))
        say("installing {} distributions{}".format(len(folders), " and the test tools" if tests else ""))
        editable = [word for folder in folders for word in ("-e", "./" + folder)]
        pip("install", "--no-build-isolation", *editable, *(("-r", str(TEST_TOOLS)) if tests else ()))
        gone = installed_names() - {project_name(folder) for folder in folders}
        if gone:
            say("removing " + ", ".join(sorted(gone)))
            pip("uninstall", "--yes", *sorted(gone))
        STATE.write_text(
            json.dumps({"root": str(ROOT), "python": version, "digest": digest(), "tests": tests}), encoding="utf-8"
        )
        say(f"installed in {time.monotonic() - started:.0f} s")


def serve() -> NoReturn:
    """Become the gateway, so that a signal reaches it and nothing else."""
    install()
    command = BIN / "jackfield"
    if not command.exists():
        fail("no distribution here installs the command jackfield; plugins/apps/cli does")
    os.execv(str(command), [str(command), "serve", "--demo", *arguments()])


def test() -> None:
    """Check style, types and behaviour; every step runs, and the first failure is the status."""
    install(tests=True)
    fill_wheelhouse(own_python())
    steps = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["pytest", "-m", FAST, *side_by_side(), *arguments()],
    )
    leave([offline(*step) for step in steps])


def test_slow() -> None:
    """Run what needs builds and other interpreters."""
    install(tests=True)
    fill_wheelhouse({**interpreters(), **own_python()})
    leave([offline("pytest", "-m", "slow and not live", *arguments())])


def coverage() -> None:
    """Run the fast tests under coverage."""
    install(tests=True)
    leave([offline("coverage", "run", "-m", "pytest", "-m", FAST, *arguments()), offline("coverage", "report")])


def record() -> None:
    """Record one provider's cassettes; outside pytest, which has neither keys nor network."""
    provider = os.environ.get("PROVIDER")
    if not provider:
        fail("whose cassettes? make record PROVIDER=name")
    run_module("tests/record.py", provider)


def bench() -> None:
    """Run the benchmarks."""
    run_module("tests/benchmarks/__main__.py")


def faults() -> None:
    """Print the fault matrix."""
    run_module("tests/faults/__main__.py")


def wheels() -> None:
    """Build every distribution's wheel into .wheelhouse."""
    install()
    target = ROOT / ".wheelhouse"
    shutil.rmtree(str(target), ignore_errors=True)
    build_wheels(target)
    for wheel in sorted(target.iterdir()):
        print(wheel.relative_to(ROOT))


def dist() -> None:
    """Build what is published into dist, compare it with the tree, and list its components."""
    run_module("tests/packaging/dist.py")


def docs() -> None:
    """Build the documentation site into .site; a warning is an error."""
    install(tests=True)
    leave([offline("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", ".site", *arguments())])


def clean() -> None:
    """Remove what the other targets made."""
    for name in (
        ".venv",
        ".wheelhouse",
        "dist",
        ".site",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        "htmlcov",
    ):
        shutil.rmtree(name, ignore_errors=True)
    for file in (".coverage", ".venv.lock"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file)
    for folder in ("core", "plugins", "tests", "docs", ".ci"):
        for cache in Path(folder).rglob("__pycache__"):
            shutil.rmtree(str(cache), ignore_errors=True)


# -- Python -----------------------------------------------------------------------------------------------------------


def find_python() -> Tuple[str, str]:
    """Return the Python to make .venv with and its version, or say in one line what is missing."""
    asked = os.environ.get("PYTHON")
    need = "{}.{}".format(*FLOOR)
    old = bare = None
    for name in (asked,) if asked else NAMES:
        found = probe(name)
        if found is None:
            continue
        version, has_venv, executable = found
        text = ".".join(map(str, version))
        if version < FLOOR:
            old = f"{name} is {text}"
        elif not has_venv:
            bare = name
        else:
            return executable, text
    if bare:
        fail(f"{bare} has no venv module: apt install python3-venv")
    fail(
        "Python {0} or newer is needed, and {1}: install one (apt install python3 python3-venv, or pyenv install {0}), "
        "or name it: make install PYTHON=python{0}".format(need, old or "{} cannot be run".format(asked or "python3"))
    )


def probe(name: str) -> Optional[Tuple[Tuple[int, ...], bool, str]]:
    """Ask a Python for its version, whether it can make a venv, and where it is; a shim without one is none."""
    try:
        answer = subprocess.run([name, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor, micro, has_venv, executable = answer.stdout.decode().strip().split(" ", 4)
    return (int(major), int(minor), int(micro)), has_venv == "1", executable


def own_python() -> Dict[str, str]:
    """Name .venv's Python by its minor version, as interpreters does."""
    return {".".join(str(read_state()["python"]).split(".")[:2]): str(BIN / "python")}


def interpreters() -> Dict[str, str]:
    """Find a Python of each minor version from the floor on: those on PATH, then pyenv's."""
    names = [f"python3.{minor}" for minor in range(FLOOR[1], FLOOR[1] + 6)]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, check=True)  # noqa: S607 - on PATH or absent
        names += sorted(map(str, Path(root.stdout.decode().strip()).glob("versions/3.*/bin/python")))
    found: Dict[str, str] = {}
    for name in names:
        answer = probe(name)
        if answer and answer[0] >= FLOOR and answer[1]:
            found.setdefault("{}.{}".format(*answer[0]), answer[2])
    return found


# -- what is in the tree and in .venv ---------------------------------------------------------------------------------


def distributions() -> List[str]:
    """List the folders of the distributions, the core first."""
    return ["core", *sorted(str(path.parent) for path in Path("plugins").glob("*/*/pyproject.toml"))]


def project_name(folder: str) -> str:
    """Read a distribution's name in the form that its metadata folder has."""
    text = Path(folder, "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r'^\[project\]$.*?^name = "([^"]+)"', text, re.MULTILINE | re.DOTALL)
    if match is None:
        fail(folder + "/pyproject.toml has no name in its [project]")
    return re.sub(r"[-_.]+", "_", match.group(1)).lower()


def installed_names() -> set:  # type: ignore[type-arg] # 3.8 cannot subscript it
    """Name the distributions of ours that .venv has."""
    return {path.name.split("-")[0].lower() for path in VENV.glob("lib/python3*/site-packages/jackfield*.dist-info")}


def digest() -> str:
    """Hash all that decides what is installed."""
    seen = hashlib.sha256()
    for path in (CONSTRAINTS, TEST_TOOLS, DOCS_TOOLS, *(Path(folder, "pyproject.toml") for folder in distributions())):
        seen.update(f"{path}\n".encode() + path.read_bytes())
    return seen.hexdigest()


def read_state() -> Dict[str, object]:
    """Read what the last complete install left; nothing where there was none."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_whole(state: Dict[str, object]) -> bool:
    """Tell whether .venv was finished, in this place, by a Python that is still there."""
    return state.get("root") == str(ROOT) and (BIN / "python").exists()


def up_to_date(tests: bool) -> bool:
    """Tell whether .venv holds what is asked for."""
    state = read_state()
    if not is_whole(state) or state.get("digest") != digest() or (tests and not state.get("tests")):
        return False
    asked = os.environ.get("PYTHON")
    found = probe(asked) if asked else None
    return not asked or (found is not None and ".".join(map(str, found[0])) == state.get("python"))


def build_wheels(target: Path) -> None:
    """Build the wheels of ours, without isolation."""
    say(f"building {len(distributions())} wheels")
    folders = ["./" + folder for folder in distributions()]
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target), *folders)


def fill_wheelhouse(pythons: Dict[str, str]) -> None:
    """Keep the third-party wheels that packaging tests install from, so that they need no network.

    The folder `pinned` has the versions of constraints.txt, `floor` the lowest that the core allows;
    `interpreters.json` names the Pythons that both can serve, by minor version.
    """
    index = WHEELHOUSE / "interpreters.json"
    wanted = {"digest": digest(), "pythons": pythons}
    try:
        held = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = {}
    if held.get("digest") == wanted["digest"] and set(pythons) <= set(held["pythons"]):
        return
    with locked():
        shutil.rmtree(str(WHEELHOUSE), ignore_errors=True)
        ours = WHEELHOUSE / "ours"
        build_wheels(ours)
        wheels = sorted(map(str, ours.iterdir()))
        core = [wheel for wheel in wheels if Path(wheel).name.startswith("jackfield-")]
        for version, python in sorted(pythons.items()):
            say("fetching wheels for Python " + version)
            fetch = ["--python", python, "download", "--only-binary=:all:"]
            pip(*fetch, "--dest", str(WHEELHOUSE / "pinned"), *wheels, *(wheel + "[httpx2]" for wheel in core))
            pip(*fetch, "--dest", str(WHEELHOUSE / "floor"), *core, *core_floor(), constrained=False)
        for folder in ("pinned", "floor"):
            for wheel in (WHEELHOUSE / folder).glob("jackfield*.whl"):
                wheel.unlink()
        shutil.rmtree(str(ours))
        index.write_text(json.dumps(wanted), encoding="utf-8")


def core_floor() -> List[str]:
    """Read the core's dependencies at the lowest version that each allows."""
    text = Path("core/pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [")[2].partition("]")[0]
    return ["{}=={}".format(*pair) for pair in re.findall(r'"([\w.-]+)>=([\w.]+)', block)]


# -- running ----------------------------------------------------------------------------------------------------------


def pip(*words: str, constrained: bool = True) -> None:
    """Run .venv's pip, quietly."""
    extra = ("--constraint", str(CONSTRAINTS)) if constrained and "uninstall" not in words else ()
    run(str(BIN / "python"), "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input", *words, *extra)


def run(*command: str) -> None:
    """Run a step that must succeed."""
    status = subprocess.call(command)
    if status:
        sys.exit(status)


def offline(tool: str, *words: str) -> int:
    """Run a tool of .venv that may not install anything, and return its status."""
    print("$ {} {}".format(tool, " ".join(map(shlex.quote, words))), flush=True)
    environment = dict(os.environ, PIP_NO_INDEX="1", PATH=str(BIN) + os.pathsep + os.environ.get("PATH", ""))
    environment.pop("PYTHON", None)
    return subprocess.call([str(BIN / tool), *words], env=environment)


def run_module(file: str, *words: str) -> NoReturn:
    """Become a module of the tests, once it is written."""
    install(tests=True)
    if not Path(file).exists():
        fail(file + " is not written yet")
    module = file[: -len(".py")].replace("/__main__", "").replace("/", ".")
    os.execv(str(BIN / "python"), [str(BIN / "python"), "-m", module, *words, *arguments()])


def side_by_side() -> List[str]:
    """Say how many tests run at once: one more than there are processors, for many only wait; ARGS="-n 0" means one."""
    return ["-n", str(min(8, (os.cpu_count() or 1) + 1)), "--dist", "worksteal"]


def arguments() -> List[str]:
    """Split ARGS as a shell does."""
    return shlex.split(os.environ.get("ARGS", ""))


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one install run at a time in one tree."""
    with open(str(ROOT / ".venv.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    """Print one step."""
    print("jackfield: " + line, flush=True)


def fail(line: str) -> NoReturn:
    """End with one line."""
    sys.exit("jackfield: " + line)


def leave(statuses: List[int]) -> NoReturn:
    """End with the first failure's status, or 0."""
    sys.exit(next((status for status in statuses if status), 0))


if __name__ == "__main__":
    main()
