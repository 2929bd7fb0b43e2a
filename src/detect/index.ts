export type { Claim, Detector } from './detector.ts';
export { detectionEngine, type DetectionEngine, type EngineOptions, type EngineStatus } from './engine.ts';
export type { SnapshotStore } from './snapshot.ts';
export { openRate } from './detectors/open-rate.ts';
export { OpenRateSettings } from './detectors/open-rate-baseline.ts';
export { foldPrincipal } from './principal.ts';
