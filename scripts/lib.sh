# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts beside it: packages, build. Source it from bash.
# shellcheck shell=bash
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build_dir="$root/build"

# Every Debian package that the project needs, in one place.
packages_build=(g++ meson ninja-build pkg-config cmake python3
  libopencv-dev libfaiss-dev libopenblas0-pthread nlohmann-json3-dev libcli11-dev libspdlog-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev libmosquitto-dev libpq-dev
  libsoup-3.0-dev pybind11-dev python3-dev python3-numpy python3-opencv)
packages_run=(gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav)
packages_test=(libgtest-dev libgmock-dev libvalijson-dev libbenchmark-dev jq mosquitto mosquitto-clients openssl
  postgresql python3-mesonpy python3-pip python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0)
packages_training=(libtorch-dev libgloo-dev libonnx-dev libprotobuf-dev protobuf-compiler libturbojpeg0-dev libarchive-dev libssl-dev libopenblas0-pthread
  libplplot-dev plplot-driver-cairo)
packages_bench=(gstreamer1.0-opencv opencv-data)
packages=("${packages_build[@]}" "${packages_run[@]}" "${packages_test[@]}" "${packages_training[@]}")

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Debian 12 or newer, or a system that is made from it and has apt.
check_system() {
    local id="" like="" version="" name="unknown" hint
    if [ -r /etc/os-release ]; then
        id="$(. /etc/os-release && echo "${ID:-}")"
        like="$(. /etc/os-release && echo "${ID_LIKE:-}")"
        version="$(. /etc/os-release && echo "${VERSION_ID:-}")"
        name="$(. /etc/os-release && echo "${PRETTY_NAME:-$ID}")"
    fi
    hint="Install what these Debian packages hold, then run: meson setup build && ninja -C build && meson test -C build
  ${packages[*]}"
    if [ "$id" = debian ]; then
        # testing and unstable have no VERSION_ID
        if [ -n "$version" ] && [ "${version%%.*}" -lt 12 ]; then
            die "this script needs Debian 12 or newer; this is $name. $hint"
        fi
    elif [[ " $like " != *" debian "* && " $like " != *" ubuntu "* ]]; then
        die "this script knows Debian 12 and newer and systems made from it; this is $name. $hint"
    fi
    command -v apt-get > /dev/null && command -v dpkg-query > /dev/null ||
        die "apt-get and dpkg-query are needed, and one of them is missing here. $hint"
}

# Prints those of the named packages that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)" = installed ] || echo "$package"
    done
}

# install_missing PACKAGE...: needs neither the network nor root where everything is there. Starts no services.
newly_installed=0
install_missing() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null ||
            die "packages are missing, and you are neither root nor is there sudo. As root, run:
  apt-get install --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -q >&2 || say "apt-get update failed; going on with the package lists that are here"
    "${as_root[@]}" "$root/scripts/install-packages" "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
    newly_installed=1
}

# As many jobs as there are cores, but at most one for every 2 GiB of free memory: LibTorch's headers are large.
build_jobs() {
    local cores memory
    cores="$(nproc)"
    memory="$(awk '/^MemAvailable:/ { print int($2 / 2097152) }' /proc/meminfo)"
    [ "${memory:-0}" -ge 1 ] || memory=1
    echo $((cores < memory ? cores : memory))
}

# Configures (once) and builds everything in build/.
build() {
    local info="$build_dir/meson-info/meson-info.json"
    if [ -f "$info" ] && ! grep -qF "\"source\": \"$root\"" "$info"; then
        say "build/ belongs to another source folder: creating it again"
        rm -rf "$build_dir"
    fi
    if [ ! -f "$build_dir/build.ninja" ]; then
        meson setup "$build_dir" "$root" >&2
    elif [ "$newly_installed" = 1 ]; then
        # parts that were off for want of a package may be on now
        meson configure "$build_dir" --clearcache >&2
        meson setup --reconfigure "$build_dir" "$root" >&2
    fi
    ninja -C "$build_dir" -j "$(build_jobs)" >&2
}

# use_build: programs that are started from now on find the element of build/, and the default bundle unless DRGAN_BUNDLE
# names another.
use_build() {
    export GST_PLUGIN_PATH="$build_dir/gst-plugin${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
    export DRGAN_BUNDLE="${DRGAN_BUNDLE:-$root/models/default}"
}

# fetch_portrait PACKAGE FILE: puts a picture out of a Debian package, which is neither installed nor kept, into
# build/sample/.
fetch_portrait() {
    local package="$1" file="$2" folder="$build_dir/sample"
    [ ! -s "$folder/$file" ] || return 0
    mkdir -p "$folder"
    say "fetching $file from the Debian package $package"
    (
        cd "$folder"
        rm -f "$package"_*.deb
        apt-get download -q "$package" > /dev/null 2>&1 || exit 1
        dpkg-deb --fsys-tarfile "$package"_*.deb | tar -xO --wildcards "*/$file" > "$file.part"
        rm -f "$package"_*.deb
        mv "$file.part" "$file"
    ) && [ -s "$folder/$file" ]
}

# fetch_portraits: those of the sample clip that can be had, as paths in the array `portraits`. Both are in the public
# domain, works of the US government: Grace Hopper (US Navy), Eileen Collins (NASA).
fetch_portraits() {
    local folder="$build_dir/sample"
    portraits=()
    if fetch_portrait python-matplotlib-data grace_hopper.jpg; then portraits+=("$folder/grace_hopper.jpg"); fi
    if fetch_portrait python3-skimage astronaut.png; then portraits+=("$folder/astronaut.png"); fi
}

# make_clip FILE ARGUMENT...: build/sample/FILE, its path in `clip`, by drgan-sample-clip with these arguments; not where
# there is one that is newer than the program.
make_clip() {
    local program="$build_dir/examples/drgan-sample-clip"
    clip="$build_dir/sample/$1"
    shift
    [ ! -s "$clip" ] || [ "$program" -nt "$clip" ] || return 0
    say "making the sample clip (half a minute)"
    DRGAN_BUNDLE="${DRGAN_BUNDLE:-$root/models/default}" "$program" "$@" -o "$clip.part" && mv "$clip.part" "$clip"
}
