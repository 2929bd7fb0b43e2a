# The service with an outside ClickHouse, as docker-compose.yml runs it. The embedded ClickHouse (566 MB) is left out: without
# CLICKHOUSE_URL the container says so and stops.

FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:20-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Not --omit=optional: lmdb gets its compiled part as an optional dependency.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/chdb node_modules/@chdb node_modules/ffi-rs node_modules/@yuuang

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    KEYLEDGER_DATA=/var/lib/keyledger \
    KEYLEDGER_HOST=0.0.0.0
WORKDIR /opt/keyledger
COPY --from=dependencies /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY sql sql
COPY schemas schemas
# A named volume takes owner and mode of the directory it is first mounted on.
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/keyledger
VOLUME /var/lib/keyledger
USER node
EXPOSE 7600 7601
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.KEYLEDGER_CONSOLE_PORT || 7601}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/keyledger/dist/cli/main.js"]
CMD ["serve"]
