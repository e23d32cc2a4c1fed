// The data desk as one chunk, fetched when somebody first opens it.
export { default as Desk } from './Desk.svelte';
export { default as DownloadDialog } from './DownloadDialog.svelte';
