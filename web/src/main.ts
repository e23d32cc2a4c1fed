import './polyfills';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { installPageFonts } from './fonts';
import { i18n } from './i18n/index.svelte';
import { answers } from './state/answers.svelte';
import { followAddress } from './state/location.svelte';
import { startLanguage, startShortcuts, startTheme } from './state/preferences';
import { store } from './state/store.svelte';

i18n.language = startLanguage();
store.theme = startTheme();
store.shortcuts = startShortcuts();
followAddress();
answers.loadCity();
installPageFonts().catch(() => {
  // The fonts of the machine take over.
});

mount(App, { target: document.getElementById('app')! });
