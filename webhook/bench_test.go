package webhook_test

func receiverMain() bool { return false }
