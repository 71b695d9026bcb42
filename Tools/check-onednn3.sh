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

# 2. A package of what concerns oneDNN, so that server and network code need not be built once more.
package=$work/package
mkdir -p "$package/Sources" "$package/Tests"
for target in CFFmpeg CHDF5 COneDNN EPANNsAudio EPANNsEvaluation EPANNsGraph EPANNsModels EPANNsRuntime EPANNsTraining; do
    ln -sfn "$root/Sources/$target" "$package/Sources/$target"
done
for target in EPANNsRuntimeTests EPANNsTestSupport EPANNsTrainingTests; do
    ln -sfn "$root/Tests/$target" "$package/Tests/$target"
done
cat >"$package/Package.swift" <<'SWIFT'
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "OneDNN3Check",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.0.0")],
    targets: [
        .systemLibrary(name: "COneDNN"),
        .systemLibrary(name: "CFFmpeg"),
        .systemLibrary(name: "CHDF5"),
        .target(name: "EPANNsGraph"),
        .target(
            name: "EPANNsModels", dependencies: ["EPANNsGraph", .product(name: "Crypto", package: "swift-crypto")],
            resources: [.embedInCode("Resources/audioset_labels.csv")]),
        .target(name: "EPANNsRuntime", dependencies: ["EPANNsGraph", "COneDNN"]),
        .target(name: "EPANNsAudio", dependencies: ["EPANNsGraph", "CFFmpeg"]),
        .target(name: "EPANNsEvaluation", dependencies: ["EPANNsGraph", "EPANNsModels"]),
        .target(
            name: "EPANNsTraining",
            dependencies: [
                "CHDF5", "COneDNN", "EPANNsAudio", "EPANNsEvaluation", "EPANNsGraph", "EPANNsModels", "EPANNsRuntime",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(
            name: "EPANNsTestSupport", dependencies: ["EPANNsGraph", "EPANNsModels", "EPANNsTraining"],
            path: "Tests/EPANNsTestSupport", resources: [.copy("Fixtures")]),
        .testTarget(
            name: "EPANNsRuntimeTests",
            dependencies: ["COneDNN", "EPANNsModels", "EPANNsRuntime", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "EPANNsTrainingTests", dependencies: ["EPANNsTraining", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6]
)
SWIFT

# Not by the package's pkgConfig: SwiftPM then names the system's folder of libraries before oneDNN's.
others=(libavformat libavcodec libswresample libavutil hdf5)
flags=()
for flag in $(pkg-config --cflags "${others[@]}"); do flags+=(-Xcc "$flag"); done
for flag in $(pkg-config --libs "${others[@]}"); do flags+=(-Xlinker "$flag"); done

# 3. Its headers come before the system's (-I before the default folders), its library before the system's (-L).
log=$work/test.log
LD_LIBRARY_PATH=$onednn/lib swift test --package-path "$package" --scratch-path "$work/build" -c release \
    -Xcc "-I$onednn/include" -Xlinker "-L$onednn/lib" "${flags[@]}" --filter 'EPANNsRuntimeTests|EPANNsTrainingTests' 2>&1 | tee "$log"

# 4. Proof that it was 3.x, both when compiling and when running.
if ! grep -E 'oneDNN 3\.[0-9.]+ runs, built with the headers of 3\.' "$log"; then
    echo "The tests passed, but with another oneDNN than 3.x; the line that tells is above." >&2
    exit 1
fi
