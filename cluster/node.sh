#!/usr/bin/env bash
# Makes a bare Debian or Ubuntu machine a node of a cluster. The cluster YAMLs run it on every node; it is idempotent.
#   cluster/node.sh WINDOWSHOP_RELEASE=s3://BUCKET/shop [NAME=VALUE ...]
# Python 3.11, the pinned environment, a compiler where there is a GPU, the driver of the object store that the release lies on, and ~/windowshop.env:
# what every Ray process and login shell of the node has in its environment, the given variables included.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${WINDOWSHOP_VENV:-$PWD/.venv}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
# A machine that has just booted is often still installing its own updates.
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" >/dev/null; }

python_ready() { [ -x "$venv/bin/python" ] || python3.11 -c 'import ensurepip' 2>/dev/null; }

# Ubuntu has Python 3.11 only in this archive of old and new Pythons; Debian 12 has no other.
find_packages() {
  apt update
  . /etc/os-release
  if [ "$ID" = ubuntu ]; then
    apt install software-properties-common
    as_root add-apt-repository -y ppa:deadsnakes/ppa >/dev/null
    apt update
  fi
}

# Triton compiles its launchers when vLLM starts on a GPU, with a C compiler and Python's headers.
compiler_ready() {
  ! nvidia-smi -L >/dev/null 2>&1 || {
    command -v gcc >/dev/null &&
      "$venv/bin/python" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; }
}

# The drivers' own upper bounds are behind the lock, which is what was tested: hence no dependencies beyond these lists.
install_store_driver() {
  case $1 in
    s3://*) "$venv/bin/pip" --disable-pip-version-check --quiet install --no-deps -r cluster/requirements-s3.lock ;;
    gs://*) "$venv/bin/pip" --disable-pip-version-check --quiet install --no-deps -r cluster/requirements-gs.lock ;;
  esac
}

write_environment() {
  {
    printf 'export PATH=%q:$PATH\n' "$venv/bin"
    for pair in "$@"; do printf 'export %s=%q\n' "${pair%%=*}" "${pair#*=}"; done
  } > ~/windowshop.env
  touch ~/.bashrc
  grep -q windowshop.env ~/.bashrc || echo '. ~/windowshop.env' >> ~/.bashrc
}

python_ready || { find_packages; apt install python3.11 python3.11-venv; }
cluster/setup.sh
compiler_ready || { find_packages; apt install gcc libc6-dev python3.11-dev; }
for pair in "$@"; do
  if [ "${pair%%=*}" = WINDOWSHOP_RELEASE ]; then install_store_driver "${pair#*=}"; fi
done
write_environment "$@"
