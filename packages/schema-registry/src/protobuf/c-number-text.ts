/** As C++ prints numbers: with the digits that a type always has, or with all if these are not enough. */
export function cNumberText(given: number, type: string): string {
  const isFloat = type === 'float'
  const value = isFloat ? Math.fround(given) : given
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [few, all] = isFloat ? [6, 9] : [15, 17]
  const short = Number(value.toPrecision(few))
  const digits = (isFloat ? Math.fround(short) : short) === value ? few : all
  const [mantissa = '', power = '0'] = value.toExponential(digits - 1).split('e')
  const exponent = value === 0 ? 0 : Number(power)
  if (exponent >= -4 && exponent < digits) {
    const plain = value.toFixed(Math.max(0, digits - 1 - exponent))
    const trimmed = plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain
    return Object.is(value, -0) ? '-0' : trimmed
  }
  const sign = exponent < 0 ? '-' : '+'
  return `${mantissa.replace(/\.?0+$/, '')}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`
}
