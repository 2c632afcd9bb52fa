/** What `--help` says of the settings. */
import { listSettings } from '../config.ts';

export function settingsHelp(): string {
  const rows = listSettings().map(({ name, about, default: fallback }) => [name, `${about} [${fallback}]`] as const);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.map(([name, about]) => `  ${name.padEnd(width)}${about}`);
  return ['', 'Settings, from the environment; an empty value counts as unset [default]:', '', ...lines, ''].join('\n');
}
