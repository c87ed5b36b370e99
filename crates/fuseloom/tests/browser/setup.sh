#!/bin/sh
# Installs the browser that tests/browser.rs drives, where there is none: Debian's chromium.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
