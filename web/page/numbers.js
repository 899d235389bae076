// Rounding, as Python and NumPy do it.

/** The nearest whole number; of two, the even one. */
export function roundEven(value) {
  const floor = Math.floor(value);
  const part = value - floor;
  if (part !== 0.5) return part < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The smallest multiple of `step` that is not under `value`. */
export const roundUp = (value, step) => Math.ceil(value / step) * step;
