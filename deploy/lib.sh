# What deploy/demo and deploy/test share. Sourced from the project's root, by bash; `fail` is the caller's.

# The libraries that podp is built on, as docs/dependencies.md lists them, and what swift needs to link.
podp_packages=(libprotobuf-c-dev libvirt-dev libxen-dev libsqlite3-dev libsnmp-dev pkg-config openssl util-linux)

need_swift() {
    command -v swift >/dev/null || fail "swift is not there: install Swift 6.2 or newer from https://www.swift.org/install/linux/ and put it on PATH"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    [ -n "$version" ] || fail "swift --version cannot be read"
    local major=${version% *} minor=${version#* }
    [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 2 ]; } || fail "Swift $major.$minor is too old: podp needs 6.2 or newer"
}

# Installs those of the packages that are missing: need_packages [MORE...]
need_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing=() package
    for package in "${podp_packages[@]}" "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing Debian's packages: ${missing[*]}"
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing, and there is no sudo: as root, apt-get install ${missing[*]}"
        root=(sudo)
    fi
    # A fresh machine has no list of packages yet: the first attempt's errors say only that.
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
        { "${root[@]}" apt-get update >/dev/null && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null; } ||
        fail "apt-get could not install ${missing[*]}"
}

# Whether nobody listens on this port of loopback.
free_port() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Builds what is older than its sources, in the configuration that the tests use too: build_programs PRODUCT...
build_programs() {
    local product stale=
    for product in "$@"; do
        if [ ! -x ".build/debug/$product" ] || [ -n "$(find Sources Package.swift Package.resolved -newer ".build/debug/$product" -print -quit)" ]; then stale=yes; fi
    done
    [ -n "$stale" ] || return 0
    echo "building podp; the first time takes some minutes"
    for product in "$@"; do
        local log
        log=$(swift build --product "$product" 2>&1) || fail "$product does not build:"$'\n'"$(tail -n 30 <<<"$log")"
        # A build that had nothing to do leaves the program as old as it was.
        touch ".build/debug/$product"
    done
}

# How often a regular expression matches in the input, as a number.
count() { grep -o -- "$1" | wc -l | tr -d ' ' || true; }

# Of `podp blade list -o json`: how busy each blade's CPUs are now, in thousandths, one a line.
cpu_permille() {
    grep -o '"cpuMillicpus":[0-9]*,"cpuModel":"[^"]*","cpus":[0-9]*' |
        sed 's/"cpuModel":"[^"]*"//; s/[^0-9]\{1,\}/ /g' | awk '$2 > 0 { print int($1 / $2) }'
}
