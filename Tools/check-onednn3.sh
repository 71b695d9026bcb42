#!/usr/bin/env bash
# Builds runtime and training against oneDNN 3.2 from PyPI and runs their parity tests, on a machine whose own oneDNN is 2.x.
# (Debian 12 has 2.6; Debian 13 and Ubuntu 24.04 have 3.x.)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
version=2023.2.0 # PyPI counts by Intel's releases; this one holds oneDNN 3.2
work=$root/.build-onednn3

# 1. The library, unpacked and not installed: the system's stays what it is.
onednn=$work/onednn-$version
if [ ! -e "$onednn/lib/libdnnl.so" ]; then
    echo "Fetching oneDNN from PyPI"
    rm -rf "$onednn" "$work/wheels" && mkdir -p "$onednn" "$work/wheels"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$work/wheels" \
        "onednn-cpu-gomp==$version" "onednn-devel-cpu-gomp==$version"
    for wheel in "$work"/wheels/*.whl; do
        python3 -m zipfile -e "$wheel" "$work/wheels"
    done
    cp -r "$work"/wheels/*.data/data/. "$onednn/"
fi

# 2. A package of what concerns oneDNN.
suites=(EPANNsRuntimeTests EPANNsTrainingTests)
package=$work/package
modules=$(Tools/part-of-package.py "$package" "${suites[@]}")
read -ra others <<<"${modules//$'\n'/ }"
flags=()
for flag in $(pkg-config --cflags "${others[@]}"); do flags+=(-Xcc "$flag"); done
for flag in $(pkg-config --libs "${others[@]}"); do flags+=(-Xlinker "$flag"); done

# 3. Its headers come before the system's (-I before the default folders), its library before the system's (-L).
log=$work/test.log
LD_LIBRARY_PATH=$onednn/lib swift test --package-path "$package" --scratch-path "$work/build" -c release \
    -Xcc "-I$onednn/include" -Xlinker "-L$onednn/lib" "${flags[@]}" --filter "$(IFS='|'; echo "${suites[*]}")" 2>&1 | tee "$log"

# 4. Proof that it was 3.x, both when compiling and when running.
if ! grep -E 'oneDNN 3\.[0-9.]+ runs, built with the headers of 3\.' "$log"; then
    echo "The tests passed, but with another oneDNN than 3.x; the line that tells is above." >&2
    exit 1
fi
