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

# 2. A package of what concerns oneDNN, taken from the real one: the suites, and every target they stand on. Without
# pkg-config's names, since SwiftPM would then put the system's folder of libraries before oneDNN's.
suites=(EPANNsRuntimeTests EPANNsTrainingTests)
package=$work/package
rm -rf "$package"
mkdir -p "$package/Sources" "$package/Tests"
swift package dump-package >"$work/manifest.json"
python3 - "$work/manifest.json" "$root" "$package" "${suites[@]}" >"$work/modules" <<'PYTHON'
import json, os, sys

manifest, root, package, *wanted = sys.argv[1:]
targets = {target["name"]: target for target in json.load(open(manifest))["targets"]}
lines, done = [], []


def dependencies(target):
    for dependency in target["dependencies"]:
        (kind, value), = dependency.items()
        if kind not in ("byName", "target"):
            sys.exit(f"{target['name']} needs {value[0]} of another package, which this check does not build")
        yield value[0]


def resource(value):
    (rule, _), = value["rule"].items()
    return f".{rule}({json.dumps(value['path'])})"


def add(name):
    if name in done:
        return
    done.append(name)
    target = targets[name]
    needs = list(dependencies(target))
    for need in needs:
        add(need)
    path = target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{name}"
    os.symlink(os.path.join(root, path), os.path.join(package, path))
    if target["type"] == "system":
        lines.append(f"        .systemLibrary(name: {json.dumps(name)}, path: {json.dumps(path)}),")
        if target.get("pkgConfig"):
            print(target["pkgConfig"])
        return
    kind = "testTarget" if target["type"] == "test" else "target"
    lines.append(
        f"        .{kind}(name: {json.dumps(name)}, dependencies: {json.dumps(needs)}, path: {json.dumps(path)}, "
        f"exclude: {json.dumps(target['exclude'])}, "
        f"resources: [{', '.join(resource(value) for value in target['resources'])}]),")


for name in wanted:
    add(name)
with open(os.path.join(package, "Package.swift"), "w") as file:
    file.write("// swift-tools-version: 6.2\nimport PackageDescription\n\nlet package = Package(\n"
               "    name: \"OneDNN3Check\", platforms: [.macOS(.v15)],\n    targets: [\n"
               + "\n".join(lines) + "\n    ],\n    swiftLanguageModes: [.v6]\n)\n")
PYTHON
read -ra others <<<"$(tr '\n' ' ' <"$work/modules")"
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
