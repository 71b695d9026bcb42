#!/usr/bin/env bash
# Installs what the build needs and the machine lacks, or says what to install. Quiet when all is there.
# With --lint: also what `make lint` looks at scripts with.
set -euo pipefail

# Each line: Debian package, then how its presence is recognised (a pkg-config module or a header or a command).
needs=(
    "pkg-config          command pkg-config"
    "libavformat-dev     module libavformat"
    "libavcodec-dev      module libavcodec"
    "libswresample-dev   module libswresample"
    "libavutil-dev       module libavutil"
    "libssl-dev          module libcrypto"
    "libcurl4-openssl-dev  header curl/curl.h"
    "libdnnl-dev         header dnnl.h"
    "libhdf5-dev         module hdf5"
    "gnuplot-nox         command gnuplot"
    "zlib1g-dev          header zlib.h"
)
if [ "${1:-}" = --lint ]; then
    needs+=(
        "shellcheck          command shellcheck"
        "pyflakes3           command pyflakes3"
    )
fi

c_compiler() {
    command -v clang || { ls "$(dirname "$(readlink -f "$(command -v swift)")")/clang" 2>/dev/null || echo cc; }
}

is_present() { # kind name
    case $1 in
    command) command -v "$2" >/dev/null ;;
    module) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
    # The compiler knows its include folders better than a list of guesses does; it may lie beside swift only.
    header) printf '#include <%s>\n' "$2" | "$(c_compiler)" -E -x c - >/dev/null 2>&1 ;;
    esac
}

find_missing() {
    missing=()
    local package kind name
    for need in "${needs[@]}"; do
        read -r package kind name <<<"$need"
        is_present "$kind" "$name" || missing+=("$package")
    done
}

if ! command -v swift >/dev/null; then
    echo "Swift is not installed (6.2 or newer is needed): see https://www.swift.org/install/" >&2
    exit 1
fi

find_missing
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    cat >&2 <<TEXT
Missing: ${missing[*]} (Debian's names). This script installs with apt-get, which is not here. Please install:
  Fedora  sudo dnf install pkgconf-pkg-config ffmpeg-devel onednn-devel hdf5-devel openssl-devel libcurl-devel gnuplot zlib-devel
          (ffmpeg-devel is in RPM Fusion)
  macOS   brew install pkg-config ffmpeg onednn hdf5 gnuplot, and in the shell that builds:
          export CPATH=\$(brew --prefix)/include LIBRARY_PATH=\$(brew --prefix)/lib
Elsewhere: the development files of FFmpeg 5.1 or newer (libavformat, libavcodec, libswresample, libavutil),
of oneDNN 2.6 or newer, of HDF5 and of zlib, and gnuplot for plots; then run this again.
TEXT
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Please run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "apt-get could not install ${missing[*]}; the lines above say why." >&2
    exit 1
fi
find_missing
if [ ${#missing[@]} -gt 0 ]; then
    echo "Still missing after the installation: ${missing[*]}" >&2
    exit 1
fi
