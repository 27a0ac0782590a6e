# Firebreak. Its embedded PostgreSQL keeps its data in /data; with DATABASE_URL it is not started.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# It builds dist/ too.
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production FIREBREAK_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json /app/manifest.yml /app/firebreak.example.yml ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/src/store/migrations ./src/store/migrations
COPY --from=build /app/runbooks ./runbooks
RUN mkdir /data /config && chown node:node /data
USER node
WORKDIR /config
VOLUME /data
EXPOSE 3080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3080/healthz').then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["start"]
