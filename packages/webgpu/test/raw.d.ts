declare module '*?raw' {
  const text: string;
  export default text;
}
interface ImportMeta {
  glob<T>(pattern: string, options: object): Record<string, T>;
}
