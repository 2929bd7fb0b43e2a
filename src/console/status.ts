/** What `/api/status`, the overview page and `keyledger status` show. */
export interface ServiceStatus {
  readonly version: string;
  readonly ready: boolean;
  readonly processes: Readonly<Record<string, ProcessStatus>>;
  /** Undefined where this process tree has no journal. */
  readonly journal?: { readonly head: number };
  readonly ledger?: {
    readonly size: number;
    readonly vkey: string;
    /** Why no event is proven any more: the service is not ready until somebody has looked. */
    readonly failure?: string;
  };
  readonly relay?: { readonly position: number; readonly backlog: number };
  readonly consumers: readonly ConsumerStatus[];
  readonly endpoints: Readonly<Record<string, string>>;
}

export interface ProcessStatus {
  readonly state: 'starting' | 'ready' | 'restarting' | 'stopping';
  readonly pid?: number;
  readonly restarts: number;
}

export interface ConsumerStatus {
  readonly group: string;
  readonly topic: string;
  /** Messages not yet finished; -1 when nobody knows, because the broker is away. */
  readonly lag: number;
  readonly messages: number;
  readonly deadLetters: number;
  readonly outages: number;
}
