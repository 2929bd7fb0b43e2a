export {
  alertPipeline,
  entityKey,
  type AlertPipeline,
  type AlertStateStore,
  type PipelineOptions,
} from './pipeline.ts';
export { GRADES, isGraver, routeOf } from './severity.ts';
export { familyOf } from './family.ts';
export { webhookId, webhookSink, type SinkCounts, type WebhookOptions, type WebhookSink } from './webhook.ts';
export { parseWebhookSecret, signWebhook, type WebhookHeaders } from './signature.ts';
export type { TlsOptions } from './post.ts';
export { isPublicAddress } from './egress.ts';
export { presentAlert } from './present.ts';
