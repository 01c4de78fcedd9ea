"""Hosts to run a cluster on, on one machine, each with a network, processes, temporary files and an SSH server.

Hosts share the machine's files, and with them its Python environment; `/mnt/shared` is the same folder on all of them,
as a network share would be. Each has an empty home. What runs on a host sees only that host's processes, so that
`ray stop` there reaches no other Ray.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.77.0"
BRIDGE = "wsbridge"
SHARED = "/mnt/shared"
HOME = "/mnt/home"
TOOLS = ("ip", "unshare", "rsync", "ssh", "/usr/sbin/sshd")

_BOOT = """
set -e
mount -t tmpfs tmpfs /mnt; mkdir {shared} {home}
mount --bind "$FOLDER" {shared}
{{ echo root:x:0:0:root:{home}:/bin/bash; grep -v '^root:' /etc/passwd; }} > /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
for one in $READ_ONLY; do mount --bind "$one" "$one"; mount -o remount,bind,ro "$one"; done
for pair in $COVER; do mount --bind "${{pair%%=*}}" "${{pair#*=}}"; done
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=1777,size=3g tmpfs /dev/shm
mkdir -p /run/sshd; hostname "$NAME"
exec /usr/sbin/sshd -D -e -o ListenAddress=$ADDRESS -o PidFile=none -o PermitRootLogin=prohibit-password \\
  -o AuthorizedKeysFile={shared}/authorized_keys -o StrictModes=no -o UsePAM=no -o HostKey={shared}/host_key
"""


@dataclass(frozen=True)
class Host:
    """A running host."""

    name: str
    address: str
    process: subprocess.Popen[bytes]

    def cut_off(self) -> None:
        """Lose the host as by a power cut: the network goes silent first, then every process ends at once."""
        run("ip", "-n", self.name, "link", "set", "eth0", "down")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)


def run(*command: str, check: bool = True) -> None:
    """A command whose words matter only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def why_not(root: Path) -> str | None:
    """What keeps this machine from having such hosts; None if nothing does."""
    if os.geteuid() != 0:
        return "namespaces with an SSH server need root"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return f"{', '.join(missing)} missing; on Debian: apt-get install iproute2 openssh-server rsync"
    if {root.parts[1], Path(os.path.realpath("/proc/self/exe")).parts[1]} & {"tmp", "mnt"}:
        return "the project or its Python lies below /tmp or /mnt, which hosts have of their own"
    trial = subprocess.run(
        ["unshare", "--net", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
    )
    return f"namespaces are not allowed here: {trial.stderr.strip()}" if trial.returncode else None


@contextmanager
def running_hosts(
    count: int, folder: Path, read_only: Sequence[Path] = (), cover: Sequence[tuple[Path, Path]] = ()
) -> Iterator[list[Host]]:
    """Hosts 10.77.0.2, 10.77.0.3, ...; `folder/key` is the private key that root is let in with.

    Args:
        count: how many hosts.
        folder: what they share.
        read_only: what they may not change.
        cover: files that hosts see in place of others, as (shown, covered).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for key in ("key", "host_key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key))
    shutil.copy(folder / "key.pub", folder / "authorized_keys")
    with ExitStack() as stack:
        if Path(f"/sys/class/net/{BRIDGE}").exists():
            raise RuntimeError(
                f"{BRIDGE} exists: other hosts run, or a run was killed. `ip link del {BRIDGE}` and "
                "`ip netns del wshost2` (and 3, 4) remove what that left"
            )
        stack.callback(run, "ip", "link", "del", BRIDGE, check=False)
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        yield [stack.enter_context(_host(number, folder, read_only, cover)) for number in range(2, 2 + count)]


@contextmanager
def _host(number: int, folder: Path, read_only: Sequence[Path], cover: Sequence[tuple[Path, Path]]) -> Iterator[Host]:
    name, cable, address = f"wshost{number}", f"wscable{number}", f"{NETWORK}.{number}"
    with ExitStack() as stack:
        stack.callback(run, "ip", "netns", "del", name, check=False)
        # The namespace itself lives on until the last of its processes is gone.
        stack.callback(run, "ip", "link", "del", cable, check=False)
        run("ip", "netns", "add", name)
        run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", cable, "master", BRIDGE, "up")
        for words in (
            f"addr add {address}/24 dev eth0",
            "link set lo up",
            "link set eth0 up",
            f"route add default via {NETWORK}.1",
        ):
            run("ip", "-n", name, *words.split())
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "FOLDER": str(folder),
            "READ_ONLY": " ".join(map(str, read_only)),
            "COVER": " ".join(f"{shown}={covered}" for shown, covered in cover),
            "ADDRESS": address,
            "NAME": name,
        }
        boot = ["unshare", "--pid", "--fork", "--mount", "--uts", "--mount-proc", "--kill-child", "bash", "-c"]
        with (folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", name, *boot, _BOOT.format(shared=SHARED, home=HOME)],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        stack.callback(process.wait)
        stack.callback(process.kill)
        _wait_for_ssh(address, folder, process)
        yield Host(name, address, process)


def _wait_for_ssh(address: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while subprocess.run([*ssh(folder, address), "true"], capture_output=True).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
            raise RuntimeError(f"no SSH server at {address}: {logs}")
        time.sleep(0.1)


def ssh(folder: Path, address: str) -> list[str]:
    """The command before a command that is to run on a host."""
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=2", "LogLevel=ERROR")
    return ["ssh", "-i", str(folder / "key"), *(part for one in options for part in ("-o", one)), f"root@{address}"]
