declare module 'virtual:font-faces' {
  const url: string;
  export default url;
}

declare module 'maplibre-gl/dist/maplibre-gl-worker.mjs';

declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  const SwaggerUI: (options: Record<string, unknown>) => unknown;
  export default SwaggerUI;
}
