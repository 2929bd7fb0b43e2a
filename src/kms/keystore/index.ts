export { KeyStore, type FreshMaterial } from './key-store.ts';
