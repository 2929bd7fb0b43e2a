export { startHttp, type Handler, type HttpServer } from './http.ts';
export { consoleRoutes, type ConsoleParts } from './routes.ts';
export type { ConsumerStatus, ProcessStatus, ServiceStatus } from './status.ts';
