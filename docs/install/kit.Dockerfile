# The kit alone, for an init container. After scripts/build.sh:
#     docker build -f docs/install/kit.Dockerfile -t REGISTRY/vllm-responses-fix:0.1.0 .
FROM busybox:stable
COPY dist/*.whl /tmp/
# A wheel is a zip file.
RUN mkdir /kit && unzip -q /tmp/*.whl -d /kit && rm /tmp/*.whl
