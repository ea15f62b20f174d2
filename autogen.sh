#!/bin/sh
# Makes configure and Makefile.in.  Needs autoconf, automake and pkg-config.
set -eu
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --force "$@"
