#!/usr/bin/env bash
# Builds the images of the compose file from Debian's packages, where no image registry is needed.
# Usage, as root: tests/containers/images.sh FOLDER   (FOLDER keeps the base image between runs)
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$1
suite=${SUITE:-bookworm}
name=localhost/hero_router_test

export BUILDAH_ISOLATION=chroot CONTAINERS_CONF=$PWD/tests/containers/containers.conf
mkdir -p "$folder"

# The base: Debian with Python, under the names that the official Python image has. A machine behind a
# proxy trusts its certificate: so must pip in the image.
if [ ! -s "$folder/base.tar" ]; then
  mmdebstrap --quiet --variant=minbase \
    --include=ca-certificates,python3,python3-pip,python3-venv,python-is-python3 \
    --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' \
    "$suite" "$folder/part.tar"
  mv "$folder/part.tar" "$folder/base.tar"
fi
podman import --quiet --change 'ENV PIP_BREAK_SYSTEM_PACKAGES=1' "$folder/base.tar" "$name/python"

for package in redis-server haproxy prometheus prometheus-redis-exporter; do
  podman build --quiet --network host --tag "$name/$package" --file - <<END
FROM $name/python
RUN apt-get update -q && apt-get install -y -q --no-install-recommends $package
END
done

podman build --quiet --network host --build-arg "PYTHON=$name/python" \
  --tag "$name/hero_router" --file deploy/Dockerfile .
