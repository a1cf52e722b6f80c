// The package comes without types. Only what we use.
declare module 'fs-native-extensions' {
  const extensions: {
    /** Take an exclusive lock on the open file; false when another holder has it. */
    tryLock(fd: number): boolean;
  };
  export default extensions;
}
