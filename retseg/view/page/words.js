// Numbers and names as people read them.

const MEASURES = {
  density: 'Share of the field of view',
  area_fraction: 'Share of the field of view',
  area: 'Area',
  count: 'Number',
  length: 'Length of all vessels',
  calibre: 'Mean width',
  tortuosity: 'Tortuosity, 1 is straight',
  branching_points: 'Branching points',
  end_points: 'Free ends',
  length_density: 'Length per area',
  sparsity: 'Mean distance to a vessel',
  segments: 'Segments',
  segment_length: 'Mean length of a segment',
  inflections: 'Changes of side per segment',
  bifurcation_angle: 'Mean angle of bifurcations',
  vertical_cup_to_disc: 'Vertical cup-to-disc ratio',
  area_central: 'Area within a disc diameter of the fovea',
};
const UNITS = { px: 'px', px2: 'px²', mm: 'mm', mm2: 'mm²', '1/px': 'per px', '1/mm': 'per mm', degree: '°', pixel: 'px', 1: '' };

const GROUPS = {
  quality: 'Quality',
  field_of_view: 'Field of view', landmarks: 'Disc and fovea', arteries_and_veins: 'Arteries and veins' };

/** The name of what is no task of a model, such as the field of view. */
export const nameGroup = (group) => GROUPS[group] ?? group.replaceAll('_', ' ');

export const nameMeasure = (measure) => MEASURES[measure] ?? measure.replaceAll('_', ' ');

/** The value of a row with its unit: "7.7 %", "12,345 px", "1.08", "–" where it is not defined. */
export function formatRow({ measure, value, unit }) {
  if (value === '') return '–';
  const number = Number(value);
  if (measure === 'density' || measure === 'area_fraction') return formatShare(number);
  const digits = Number.isInteger(number) || Math.abs(number) >= 1000 ? 0 : Math.abs(number) < 10 ? 2 : 1;
  const text = number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text} ${UNITS[unit] ?? unit}`.trim();
}

function formatShare(share) {
  if (share === 0) return '0 %';
  const percent = 100 * share;
  return percent < 0.01 ? 'under 0.01 %' : `${percent.toFixed(percent < 1 ? 2 : 1)} %`;
}

/** "Vessels", "IRMA", "Non-perfusion": the name of what may be many. */
export const plural = (title) => (/s$|[A-Z]$|ion$/.test(title) ? title : `${title}s`);

/** "1 haemorrhage", "3 hard exudates". */
export function count(number, title) {
  const name = number === 1 ? title : plural(title);
  return `${number} ${/^[A-Z]{2}/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1)}`;
}

/** What was found, in one sentence: {task title: number of lesions}. */
export function summarise(lesions) {
  const found = [...lesions].filter(([, number]) => number > 0).map(([title, number]) => count(number, title));
  if (!found.length) return 'No lesion was marked';
  const last = found.pop();
  return found.length ? `${found.join(', ')} and ${last}` : last;
}
