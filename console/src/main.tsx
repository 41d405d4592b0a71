// Starts the console.
import { render } from 'preact';
import { App } from './app';
import './styles/colours.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/saga.css';
import './styles/picture.css';
import './styles/narrow.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
