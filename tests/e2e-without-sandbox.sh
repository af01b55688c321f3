#!/usr/bin/env bash
# tests/e2e.sh must fail when the sandbox cannot start: here with a containerd that ends at once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '#!/bin/sh\necho broken on purpose >&2\nexit 1\n' >"$work/containerd"
chmod +x "$work/containerd"
status=0
PATH=$work:$PATH SANDBOX_TEST_NAME=sbxbroken SANDBOX_TEST_NET=10.251 "$root/tests/e2e.sh" again >"$work/output" 2>&1 || status=$?
if ((status == 0)) || ! grep -q '^not ok 1 ' "$work/output" || ! grep -q 'broken on purpose' "$work/output"; then
  cat "$work/output"
  echo "not ok 1 the end-to-end tests fail without a sandbox (exit status $status)"
  exit 1
fi
echo "ok 1 the end-to-end tests fail without a sandbox"
