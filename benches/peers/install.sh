#!/usr/bin/env bash
# Makes a Python environment with the systems that `fuseloom bench` compares with, and says how to use it.
#
#     benches/peers/install.sh [DIRECTORY]
#
# DIRECTORY is target/peers unless given. Nothing outside of it changes; to be rid of it, delete it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${1:-${CARGO_TARGET_DIR:-$here/../../target}/peers}
if command -v uv >/dev/null; then
    uv venv --quiet --allow-existing "$target"
    uv pip install --quiet --python "$target/bin/python" --requirement "$here/requirements.txt"
else
    python3 -m venv "$target"
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
fi
target=$(cd "$target" && pwd)
"$target/bin/python" - <<'PYTHON'
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in ("numpy", "numexpr", "numba", "jax")))
PYTHON
echo "PYTHON=$target/bin/python fuseloom bench --against numpy,numexpr,numba,jax"
