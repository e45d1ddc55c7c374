# Set-up shared by every script: Debian packages by role, npm packages, idempotent, quick when there is nothing to do.
# Source it; it changes to the project's folder and defines need_packages, say and build_preset.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
project=$PWD
# A compiler cache, where there is one, is shared by checkouts.
export CCACHE_BASEDIR=$project CCACHE_NOHASHDIR=1

say() { printf '%s\n' "· $*" >&2; }

# The names in scripts/packages/ROLE.txt, comments dropped.
packages_of() {
  local role
  for role in "$@"; do sed 's/#.*//' "scripts/packages/$role.txt"; done | awk 'NF' | sort -u
}

# A package counts as there when dpkg has it, or, for the two that come in many forms, when its command works.
missing_packages() {
  local name
  local -a wanted=()
  for name in $(packages_of "$@"); do
    case "$name" in
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    wanted+=("$name")
  done
  [ ${#wanted[@]} -eq 0 ] && return 0
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | awk '$1 == "ii" {print $2}' | sort -u >"${TMPDIR:-/tmp}/invigil-have.$$"
  printf '%s\n' "${wanted[@]}" | sort -u | comm -23 - "${TMPDIR:-/tmp}/invigil-have.$$"
  rm -f "${TMPDIR:-/tmp}/invigil-have.$$"
}

# need_packages ROLE…: installs what is missing, as root or by sudo; otherwise prints the one line to run and stops.
# A stamp by the lists' own contents makes the second run take no time.
need_packages() {
  local stamp missing
  local -a run=()
  stamp=build/.setup/packages-$(cat $(printf 'scripts/packages/%s.txt ' "$@") /var/lib/dpkg/status | sha256sum | cut -c1-16)
  if [ -e "$stamp" ]; then
    say "set-up: nothing to install ($*)"
    return
  fi
  missing=$(missing_packages "$@" | tr '\n' ' ')
  if [ -n "${missing// /}" ]; then
    if [ "$(id -u)" -ne 0 ]; then
      if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        run=(sudo -n)
      else
        printf '\nThese Debian packages are missing and this user may not install them. Run this line, then start again:\n\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n\n' "$missing" >&2
        exit 1
      fi
    fi
    say "set-up: installing $(echo "$missing" | wc -w) Debian packages ($*)"
    "${run[@]}" apt-get update -q >/dev/null
    # Unsafe I/O spares dpkg an fsync a file: a power cut now costs a repeat of the installation, nothing else.
    if ! "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-unsafe-io $missing >"${TMPDIR:-/tmp}/invigil-apt.log" 2>&1; then
      tail -n 15 "${TMPDIR:-/tmp}/invigil-apt.log" >&2
      printf '\nThe installation failed. When the cause above is mended, run:\n\n  apt-get install -y --no-install-recommends %s\n\n' "$missing" >&2
      exit 1
    fi
    stamp=build/.setup/packages-$(cat $(printf 'scripts/packages/%s.txt ' "$@") /var/lib/dpkg/status | sha256sum | cut -c1-16)
  fi
  mkdir -p build/.setup
  rm -f build/.setup/packages-*
  touch "$stamp"
}

# As many compilers as cores and memory allow (2 GiB each).
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ {print int($2 / 2097152)}' /proc/meminfo)
  [ "$memory" -lt 1 ] && memory=1
  [ "$memory" -lt "$cores" ] && echo "$memory" || echo "$cores"
}

# build_preset PRESET [TARGET…]: configures when needed and builds into build/PRESET.
build_preset() {
  local preset=$1
  shift
  if [ ! -e "build/$preset/build.ninja" ]; then
    say "configuring $preset"
    mkdir -p build
    cmake --preset "$preset" >"build/$preset-configure.log" 2>&1 || { tail -n 30 "build/$preset-configure.log" >&2; exit 1; }
  fi
  say "building $preset"
  ninja -C "build/$preset" -j"$(jobs)" "$@" >"build/$preset-build.log" 2>&1 || { grep -E -A12 'error|FAILED' "build/$preset-build.log" | head -n 60 >&2; exit 1; }
}

# The web pages into build/PRESET/web: exact versions from the lock file, built by whatever Node is there (18 or newer).
build_web() {
  local preset=${1:-release}
  say "building the pages"
  mkdir -p build
  node console/web/build.mjs "$project/build/$preset/web" >build/web.log 2>&1 || { tail -n 20 build/web.log >&2; exit 1; }
}
