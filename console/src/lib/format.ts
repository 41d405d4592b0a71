// Numbers, amounts, durations and times in words. Pure but for the browser's time zone.

const numbers = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const number = (value: number): string => numbers.format(value);
export const short_number = (value: number): string =>
  Math.abs(value) < 10_000 ? number(value) : compact.format(value);
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
export const credits = (value: number): string => plural(value, 'credit');

/** "412 µs", "1.17 ms", "1.55 s", "2 min 5 s" */
export function duration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 100_000 ? 2 : 0)} ms`;
  if (us < 60_000_000) return `${(us / 1_000_000).toFixed(2)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${plural(Math.floor(seconds / 86_400), 'day')} ${Math.floor((seconds % 86_400) / 3600)} h`;
}

export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let size = value;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** Microseconds since the epoch: Date keeps only milliseconds of what the API says. */
export function micros(time: string): number {
  const fraction = /\.(\d{1,6})/.exec(time)?.[1] ?? '';
  return Math.floor(Date.parse(time) / 1000) * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

const two = (value: number) => String(value).padStart(2, '0');

/** "14:20:11.219", local. */
export function clock(time: string, digits = 3): string {
  const date = new Date(time);
  const fraction = digits
    ? `.${String(Math.floor(micros(time) % 1_000_000))
        .padStart(6, '0')
        .slice(0, digits)}`
    : '';
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction}`;
}

/** "2024-11-14 14:20:11", local. */
export function date_time(time: string): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(time, 0)}`;
}

/** "2024-11-14 12:20:11.219045 UTC", for the pointer that hovers. */
export const utc = (time: string): string => time.replace('T', ' ').replace('Z', ' UTC');

/** The last part of an order's id: the first part is the time, alike in all orders of a moment. */
export const short_id = (id: string): string => `…${id.slice(-12)}`;
