// The API explorer: the server's own description, readable and callable, from this server alone.
import '../polyfills';
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';
import { root } from '../api/client';
import { installPageFonts } from '../fonts';
import { dictionaries } from '../i18n/index.svelte';
import { startLanguage, startTheme } from '../state/preferences';

const language = startLanguage();
const theme = startTheme();
const texts = dictionaries[language];

document.documentElement.lang = language;
document.documentElement.dataset.theme = theme;
// The explorer's own style sheet goes by a class.
document.documentElement.classList.toggle('dark-mode', theme === 'dark');
document.title = `Gridweave · ${texts.apiDocs}`;
document.getElementById('back')!.textContent = texts.toMap;
document.getElementById('title')!.textContent = texts.apiDocs;

installPageFonts().catch(() => {
  // The fonts of the machine take over.
});

SwaggerUI({
  url: `${root}api/v1/openapi.json`,
  domNode: document.getElementById('explorer'),
  // No badge from the outside, and nothing in the address can point the explorer at another server.
  validatorUrl: null,
  queryConfigEnabled: false,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true
});
