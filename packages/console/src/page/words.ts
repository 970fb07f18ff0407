/** Numbers and times as people read them. Pure. */

export function count(value: number): string {
  if (Math.abs(value) < 10_000) return String(Math.round(value))
  const size = Math.abs(value) < 1e6 ? 1e3 : Math.abs(value) < 1e9 ? 1e6 : 1e9
  const unit = { 1e3: 'k', 1e6: 'M', 1e9: 'G' }[size]
  const number = value / size
  return `${number.toFixed(Math.abs(number) < 100 ? 1 : 0)} ${unit}`
}

export function rate(value: number | undefined): string {
  if (value === undefined) return '–'
  return `${value > 0 && value < 10 ? value.toFixed(1) : count(value)}/s`
}

/** A time of records, in UTC. */
export function time(milliseconds: number): string {
  if (milliseconds < 0) return '–'
  return new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')
}

/** The hour of a time of records, in UTC. */
export function hour(milliseconds: number): string {
  return time(milliseconds).split(' ').at(-1)!
}

export function clock(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString([], { hour12: false })
}

export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** `mapValues` → `map values` */
export function spaced(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}

/** Numbers at the end of generated names say little: `KSTREAM-MAPVALUES-0000000004` → `MAPVALUES 4`. */
export function shortName(name: string): string {
  const generated = /^(?:KSTREAM|KTABLE)-(.+?)-0*(\d+)$/.exec(name)
  return generated === null ? name : `${generated[1]} ${generated[2]}`
}

export function json(form: unknown, indent?: number): string {
  return JSON.stringify(form, undefined, indent) ?? ''
}
