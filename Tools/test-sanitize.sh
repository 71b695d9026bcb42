#!/usr/bin/env bash
# Runs the tests of what reads the files and the network of others, and of what calls into C, under the address sanitizer.
# Leaks are not looked for: the libraries keep some of what they make.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/.build-sanitize
suites=(EPANNsCoreTests EPANNsModelsTests EPANNsAudioTests EPANNsHubTests EPANNsRuntimeTests)
modules=$(Tools/part-of-package.py "$work/package" "${suites[@]}")
read -ra others <<<"${modules//$'\n'/ }"
flags=()
for flag in $(pkg-config --cflags "${others[@]}"); do flags+=(-Xcc "$flag"); done
for flag in $(pkg-config --libs "${others[@]}"); do flags+=(-Xlinker "$flag"); done
ASAN_OPTIONS=detect_leaks=0 swift test --package-path "$work/package" --scratch-path "$work/build" -c release \
    --disable-testable-imports --sanitize address "${flags[@]}" --filter "${1:-$(IFS='|'; echo "${suites[*]}")}"
