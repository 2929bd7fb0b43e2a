import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const pure = [
  'src/base/**',
  'src/events/**',
  'src/kms/domain/**',
  'src/kms/policy/**',
  'src/projections/**',
  'src/detect/**',
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'data', 'eslint.config.js', 'test/boundaries.cjs'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-restricted-syntax': ['error', { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' }],
    },
  },
  {
    // Pure rooms have no clock, randomness or environment: those arrive as arguments.
    files: pure,
    ignores: ['src/base/clock.ts', 'src/base/ids.ts', 'src/events/write-schemas.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'A pure room is handed its time.' },
        { object: 'Math', property: 'random', message: 'A pure room is handed its randomness.' },
      ],
    },
  },
  {
    // process.env is read in one place.
    files: ['src/**'],
    ignores: ['src/app/**', 'src/cli/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Configuration arrives as an argument (app/config.ts).' },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'describe'], package: 'vitest' }] },
      ],
    },
  },
);
