package worker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestStepsAreTakenWhileThereIsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		answers := []struct {
			n   int
			err error
		}{{3, nil}, {1, nil}, {0, nil}, {2, errors.New("no database")}, {0, nil}, {0, nil}}
		wake := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := Run(ctx, "counting", time.Minute, wake, func(context.Context) (int, error) {
			at = append(at, time.Since(began))
			a := answers[len(at)-1]
			switch len(at) {
			case 5:
				wake <- struct{}{}
			case len(answers):
				cancel()
			}
			return a.n, a.err
		})
		want := []time.Duration{0, 0, 0, time.Minute, 2 * time.Minute, 2 * time.Minute}
		if err != nil || len(at) != len(want) {
			t.Fatal(at, err)
		}
		for i := range want {
			if at[i] != want[i] {
				t.Fatalf("steps at %v, want %v", at, want)
			}
		}
	})
}
