export * from '/work/main/src/mcp/tokens.ts'; export * from '/work/main/src/mcp/tools/all.ts';
