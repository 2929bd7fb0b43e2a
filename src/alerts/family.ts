/** Detectors that look at one thing from several sides: their findings about one entity are one story. */
const FAMILIES: Readonly<Record<string, string>> = {
  'KL-01': 'loss',
  'KL-02': 'policy',
  'KL-03': 'policy',
  'KL-04': 'policy',
  'KL-05': 'seal',
  'KL-06': 'rate',
  'KL-07': 'breadth',
  'KL-08': 'novelty',
  'KL-09': 'probing',
  'KL-10': 'probing',
  'KL-11': 'novelty',
  'KL-12': 'seal',
  'KL-13': 'audit',
  'KL-14': 'rate',
  'KL-15': 'novelty',
  'KL-16': 'decoy',
  'KL-17': 'policy',
  'KL-18': 'availability',
};

/** The family of a detector; one that is not listed is its own. */
export const familyOf = (detector: string): string => FAMILIES[detector] ?? detector;
