declare module 'virtual:font-faces' {
  const url: string;
  export default url;
}

declare module 'maplibre-gl/dist/maplibre-gl-worker.mjs';
